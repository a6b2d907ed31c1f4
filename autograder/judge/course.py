"""Where things lie in a course, as nbgrader is configured. TRUSTED SIDE.

`course` is everywhere nbgrader's `CourseDirectory`, which knows the folders by their configured
names: a course may well keep its source in `lessons/`.
"""

from __future__ import annotations

import glob
import re
from pathlib import Path
from typing import Any


def course_of(component: Any) -> Any:
    """The course that a component of nbgrader's works in; None outside its programs.

    A preprocessor belongs to an exporter, which belongs to a converter, which has the course.
    """
    while component is not None:
        course = getattr(component, "coursedir", None)
        if course is not None:
            return course
        component = getattr(component, "parent", None)
    return None


def source_folder(course: Any, assignment: str) -> Path:
    """The instructor's folder of an assignment."""
    return Path(course.format_path(course.source_directory, ".", assignment))


def source_notebook(course: Any, identity: dict[str, Any]) -> Path:
    """The instructor's notebook; `identity` is nbgrader's: assignment, notebook, student."""
    return source_folder(course, identity["assignment"]) / f"{identity['notebook']}.ipynb"


def autograded_folder(course: Any, student: str, assignment: str) -> Path:
    """The folder of a graded submission."""
    return Path(course.format_path(course.autograded_directory, student, assignment))


def notebooks_in(folder: Path) -> list[Path]:
    """The notebooks of a folder by name. Hidden files are none, whatever they are called.

    `._lesson.ipynb`, for example, is what macOS puts beside a file on other systems' disks.
    """
    return sorted(
        path for path in folder.glob("*.ipynb") if path.is_file() and not path.name.startswith(".")
    )


def assignments_in(course: Any) -> list[str]:
    """The assignments whose source holds a notebook, for commands that say what there is.

    The name of an assignment may stand anywhere in the path, and beside other words: nbgrader's
    `directory_structure` may be `hw-{assignment_id}/{nbgrader_step}/{student_id}`.
    """
    anyone = "ASSIGNMENT-ID"
    parts = source_folder(course, anyone).parts
    every = str(Path(*(glob.escape(part).replace(anyone, "*") for part in parts)))
    name = re.escape(str(Path(*parts))).replace(re.escape(anyone), "(.+)", 1)
    found = ((re.match(name, folder), Path(folder)) for folder in glob.glob(every))  # noqa: PTH207
    return sorted(
        match[1]
        for match, folder in found
        if match is not None and source_folder(course, match[1]) == folder and notebooks_in(folder)
    )
