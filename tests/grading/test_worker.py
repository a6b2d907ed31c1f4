"""What travels to a worker."""

from __future__ import annotations

from traitlets.config import Config

from autograder.grading.worker import Failed, Job, Packed, Setup, grade_submission, install
from tests.support.graded import EMPTY


class TestSetup:
    def test_passwords_stay_and_functions_travel(self) -> None:
        config = Config()
        config.CourseDirectory.db_url = "postgresql://me:secret@host/db"
        config.CourseDirectory.root = "/courses/jax"
        config.Autograde.post_convert_hook = lambda **_: None
        packed = Setup("a", config, {}, EMPTY).packed()
        assert b"secret" not in packed.data
        assert b"/courses/jax" not in packed.data
        assert config.CourseDirectory.root == "/courses/jax"  # ours is as it was
        assert len(packed.key) == 64

    def test_a_setup_that_cannot_be_read_fails_the_submission_not_the_worker(self) -> None:
        install(Packed("broken", b"not a pickle"))
        result = grade_submission(Job("broken", "ada", {}, EMPTY))
        assert isinstance(result, Failed)
        assert result.student == "ada"
        assert result.reason.startswith("UnpicklingError: ")
