"""Where the ledger is: its URL, connections, transactions and migrations. Knows no kinds of entries.

SQLite in the company's state folder unless a PostgreSQL URL is given. A transaction that writes takes the write lock
as it begins, so that of two writers the second waits and then reads what the first has written.
"""

from __future__ import annotations

import functools
import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from alignment.ledger.schema import HEAD
from data.company import Company
from data.errors import LedgerFailed

__all__ = ["ENVIRONMENT", "Database", "database", "has_ledger"]

ENVIRONMENT, FILE = "TANDEM_LEDGER", "ledger.sqlite"
MIGRATIONS = Path(__file__).parent / "migrations"
# How long a writer waits for another before it gives up, in seconds. A write takes milliseconds.
PATIENCE = 20
# Any number that no other program on the same PostgreSQL server uses for its advisory locks.
MIGRATION_LOCK = 7_263_201_406


def database(company: Company) -> Database:
    """The database of a company's ledger, its tables made or brought up to date. Raises LedgerFailed."""
    written = _written(company)
    if written:
        return _opened(_postgresql(written), f"tandem_{company.id}", 0)
    path = company.state / FILE
    try:
        company.state.mkdir(parents=True, exist_ok=True)
        # Made here, so that it is nobody else's to read from its first byte on.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        inode = path.stat().st_ino
    except OSError as error:
        raise LedgerFailed(f"The ledger {path} cannot be opened: {(error.strerror or str(error)).lower()}.") from error
    # The inode: a file that was put in the place of another is another database.
    return _opened(sa.URL.create("sqlite", database=str(path.resolve())), None, inode)


def has_ledger(company: Company) -> bool:
    """Whether there is a ledger to read: a URL is written, or a file was made."""
    return _written(company) is not None or (company.state / FILE).exists()


def _written(company: Company) -> str | None:
    return os.environ.get(ENVIRONMENT) or company.ledger


def _postgresql(written: str) -> sa.URL:
    """The URL with the driver that Tandem brings along."""
    says = f"Write it as postgresql://USER@HOST:PORT/DATABASE, in {ENVIRONMENT} or under 'ledger' in company.yaml."
    try:
        url = sa.make_url(written)
    except SQLAlchemyError:
        raise LedgerFailed(f"The address of the ledger is no URL. {says}") from None
    if url.drivername not in ("postgresql", "postgres", "postgresql+psycopg"):
        raise LedgerFailed(f"The ledger is kept in SQLite or PostgreSQL, not in '{url.drivername}'. {says}")
    return url.set(drivername="postgresql+psycopg")


@functools.lru_cache(maxsize=32)
def _opened(url: sa.URL, schema: str | None, _inode: int) -> Database:
    found = Database(url, schema)
    found.migrate()
    return found


class Database:
    """Connections to one ledger. `schema` keeps the companies of one PostgreSQL database apart."""

    def __init__(self, url: sa.URL, schema: str | None) -> None:
        self.url, self.schema = url, schema
        self.is_sqlite = url.get_backend_name() == "sqlite"
        patience: dict[str, Any] = {"timeout": PATIENCE} if self.is_sqlite else {"connect_timeout": PATIENCE}
        self._engine = sa.create_engine(url, connect_args=patience, pool_pre_ping=not self.is_sqlite)
        event.listen(self._engine, "connect", functools.partial(_connected, schema))
        if self.is_sqlite:
            event.listen(self._engine, "begin", _begin)
        weakref.finalize(self, self._engine.dispose)

    def __str__(self) -> str:
        """Where it is, as a person may read it: without a password."""
        return str(self.url.database) if self.is_sqlite else self.url.render_as_string(hide_password=True)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction that sees one state of the ledger from its first row to its last."""
        isolation = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with self._told(), self._engine.connect().execution_options(**isolation) as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that is kept as a whole, or not at all."""
        with self._told(), self._engine.connect().execution_options(writes=True) as connection, connection.begin():
            yield connection

    def migrate(self, to: str = HEAD) -> None:
        """Make the tables, or bring them up to date. Of several processes that open a ledger at once, one does so."""
        with self.reading() as connection:
            if self._revision(connection) == to:
                return
        with self.writing() as connection:
            if not self.is_sqlite:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATION_LOCK)))
                connection.execute(sa.schema.CreateSchema(str(self.schema), if_not_exists=True))
            found = self._revision(connection)
            if found is not None and found > to:
                raise LedgerFailed(
                    f"The ledger {self} was written by a newer version of Tandem ({found}, this one knows {to}). "
                    "Update Tandem; nothing was changed."
                )
            if found != to:
                _upgrade(connection, to)

    def _revision(self, connection: sa.Connection) -> str | None:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
        return found

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What the database says becomes a sentence with the place and what to do."""
        try:
            yield
        except IntegrityError:
            raise
        except DBAPIError as error:
            said = str(error.orig).strip().splitlines()
            what_to_do = "Nothing was written. See to it that the database can be reached, and try again."
            raise LedgerFailed(f"The ledger {self}: {said[0] if said else 'no answer'}. {what_to_do}") from error


def _connected(schema: str | None, connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    if schema is None:
        # The driver begins no transactions of its own: _begin does, also before a statement that makes a table.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
    else:
        cursor.execute(f'SET search_path TO "{schema}"')
        connection.commit()
    cursor.close()


def _begin(connection: sa.Connection) -> None:
    """The write lock is taken at once: one that is asked for later is refused while another has written."""
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")


def _upgrade(connection: sa.Connection, to: str) -> None:
    # Only here: most starts of Tandem migrate nothing.
    from alembic import command
    from alembic.config import Config

    settings = Config()
    settings.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    settings.attributes["connection"] = connection
    command.upgrade(settings, to)
