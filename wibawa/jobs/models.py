from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from wibawa.access.sealed import PARTS, SealedBytes
from wibawa.database import Base, Moment

MOST_TRIES = 3
_OPEN = text("state IN ('queued', 'running')")
# Word for word as the index has it, so that both engines see that the index will do; the rows hold
# long parameters, and there will be many.
IS_OPEN = text("jobs.state IN ('queued', 'running')")


class Job(Base):
    """One long work that somebody asked for. The row is the whole truth: no queue beside it.

    `params`: JSON without personal data. `bank_id`: of the bank officer who asked. While a worker
    holds it, `worker` names that worker's hold and `lease_until` says until when; a hold that ran
    out is taken by the next worker. `done` of `total` steps are done. `error`: a sentence, with a
    `ticket` when the log tells more. The row stays; its result is thrown away at `expires_at`.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint(
            "state IN ('queued','running','done','failed','cancelled')", name="state_known"
        ),
        CheckConstraint("0 <= done AND done <= total", name="progress_sane"),
        CheckConstraint(f"tries BETWEEN 0 AND {MOST_TRIES}", name="tries_counted"),
        CheckConstraint(
            "(state = 'running') = (worker IS NOT NULL) "
            "AND (worker IS NULL) = (lease_until IS NULL)",
            name="held_while_running",
        ),
        CheckConstraint("state <> 'running' OR tries >= 1", name="running_is_a_try"),
        CheckConstraint(
            "(state IN ('done','failed','cancelled')) = (finished_at IS NOT NULL)", name="finished"
        ),
        CheckConstraint("(state = 'failed') = (error <> '')", name="error_said"),
        CheckConstraint(
            "(result_name IS NULL) = (expires_at IS NULL) "
            "AND (result_name IS NULL) = (result_type IS NULL) "
            "AND (result_name IS NULL) = (result_size IS NULL) "
            "AND (state = 'done' OR result_name IS NULL)",
            name="result_whole",
        ),
        Index("ix_jobs_open", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_jobs_asked_by", "asked_by", "id"),
        Index("ix_jobs_expires_at", "expires_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    title: Mapped[str] = mapped_column(String(200))
    params: Mapped[str] = mapped_column(Text, info={PARTS: {"reason": "jobs.params.reason"}})
    state: Mapped[str] = mapped_column(String(10), default="queued")
    asked_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    bank_id: Mapped[int | None] = mapped_column(ForeignKey("banks.id"))
    asked_at: Mapped[dt.datetime] = mapped_column(Moment)
    started_at: Mapped[dt.datetime | None] = mapped_column(Moment)  # the latest try
    finished_at: Mapped[dt.datetime | None] = mapped_column(Moment)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    tries: Mapped[int] = mapped_column(default=0)
    worker: Mapped[str | None] = mapped_column(String(80))
    lease_until: Mapped[dt.datetime | None] = mapped_column(Moment)
    error: Mapped[str] = mapped_column(Text, default="")
    ticket: Mapped[str] = mapped_column(String(8), default="")
    result_name: Mapped[str | None] = mapped_column(String(120))
    result_type: Mapped[str | None] = mapped_column(String(100))
    result_size: Mapped[int | None] = mapped_column()
    expires_at: Mapped[dt.datetime | None] = mapped_column(Moment)


class JobResult(Base):
    """The bytes of a job's result, sealed, because papers hold personal data; gone when expired."""

    __tablename__ = "job_results"

    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id"), primary_key=True)
    content: Mapped[bytes] = mapped_column(SealedBytes("job_results.content", ("job_id",)))


class WorkerBeat(Base):
    """When a worker was last seen, and of which version it is. The row goes with the worker."""

    __tablename__ = "worker_beats"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    program: Mapped[str] = mapped_column(String(40))
    seen_at: Mapped[dt.datetime] = mapped_column(Moment)
