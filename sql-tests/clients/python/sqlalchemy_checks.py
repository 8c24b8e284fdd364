"""SQLAlchemy 1.4 on psycopg2: argument 1 is the port."""
import datetime
import decimal
import sys

from sqlalchemy import (Boolean, Column, Date, ForeignKey, Integer, MetaData, Numeric, Table, Text, create_engine, event, func, inspect, select, text)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, declarative_base, joinedload, relationship, selectinload

from report import plain, see

PORT = int(sys.argv[1])
engine = create_engine(f"postgresql+psycopg2://admin@127.0.0.1:{PORT}/sqlens")
inspector = inspect(engine)
Base = declarative_base()


class Customer(Base):
    __tablename__ = "customers"
    id = Column(Integer, primary_key=True)
    name = Column(Text, nullable=False)
    email = Column(Text)
    born = Column(Date)
    balance = Column(Numeric(10, 2))
    is_active = Column(Boolean)
    orders = relationship("Order", back_populates="customer", order_by="Order.id")


class Order(Base):
    __tablename__ = "orders"
    id = Column(Integer, primary_key=True)
    customer_id = Column(Integer, ForeignKey("customers.id"))
    note = Column(Text)
    customer = relationship("Customer", back_populates="orders")


class Pet(Base):
    __tablename__ = "pets"
    id = Column(Integer, primary_key=True)
    name = Column(Text, nullable=False)
    weight = Column(Numeric(6, 2))


@see("names")
def _():
    return [engine.dialect.server_version_info, inspector.default_schema_name, inspector.get_schema_names(), sorted(inspector.get_table_names()),
            sorted(inspector.get_table_names("shop")), sorted(inspector.get_view_names()), inspector.get_sequence_names(),
            sorted(inspector.get_foreign_table_names())]


for table in ("customers", "orders", "order_lines", "kinds", "nested", "Mixed Case", "colours", "bright_colours", "active_customers"):
    @see("columns of " + table)
    def _():
        return [[one["name"], str(one["type"]), one["nullable"], one["default"], one.get("comment")] for one in inspector.get_columns(table)]


@see("columns of shop.items")
def _():
    return [[one["name"], str(one["type"]), one["default"]] for one in inspector.get_columns("items", schema="shop")]


@see("keys, checks, indexes, comments")
def _():
    return {one: [inspector.get_pk_constraint(one), inspector.get_foreign_keys(one), inspector.get_unique_constraints(one),
                  inspector.get_check_constraints(one), [[i["name"], i["column_names"], i["unique"]] for i in inspector.get_indexes(one)],
                  inspector.get_table_comment(one)["text"]] for one in ("customers", "orders", "order_lines")}


@see("enums, view definition, has_table")
def _():
    return [inspector.get_enums(), inspector.get_view_definition("active_customers"), inspector.has_table("customers"), inspector.has_table("nothing"),
            engine.dialect.has_sequence(engine.connect(), "ticket_number")]


@see("MetaData.reflect")
def _():
    metadata = MetaData()
    metadata.reflect(bind=engine, views=True)
    orders = metadata.tables["orders"]
    with engine.connect() as connection:
        joined = select(metadata.tables["customers"].c.name, orders.c.note).join_from(orders, metadata.tables["customers"]).order_by(orders.c.id)
        return [sorted(metadata.tables), [list(one) for one in connection.execute(joined)]]


@see("every table of every schema")
def _():
    count = 0
    for schema in inspector.get_schema_names():
        metadata = MetaData(schema=schema)
        metadata.reflect(bind=engine, views=True)
        count += sum(len(one.columns) for one in metadata.tables.values()) > 0
    return count


@see("Core: create, insert, select, update, delete")
def _():
    metadata = MetaData()
    things = Table("things", metadata, Column("id", Integer, primary_key=True, autoincrement=False), Column("v", Text), Column("n", Numeric(10, 2)), Column("d", Date))
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(things.insert(), [{"id": at, "v": f"v{at}", "n": decimal.Decimal("1.50"), "d": datetime.date(2024, 2, 29)} for at in range(50)])
        seen = [connection.execute(things.update().where(things.c.id < 10).values(v="changed")).rowcount,
                connection.execute(things.delete().where(things.c.id >= 40)).rowcount,
                [list(one) for one in connection.execute(select(things.c.v, func.count(), func.sum(things.c.n)).group_by(things.c.v).order_by(func.count().desc()).limit(1))],
                list(connection.execute(things.insert().values(id=100, v="r").returning(things.c.id)).one())]
    metadata.drop_all(engine)
    return seen


@see("ORM: create, read, update, delete")
def _():
    Base.metadata.create_all(engine)
    seen = []
    with Session(engine) as session:
        session.add_all([Pet(name="Rex", weight=decimal.Decimal("12.50")), Pet(name="Mia")])
        session.commit()
        rex = session.query(Pet).filter_by(name="Rex").one()
        seen += [rex.id, rex.weight, session.query(Pet).count()]
        rex.weight += 1
        session.commit()
        seen.append(session.query(Pet.weight).filter(Pet.id == rex.id).scalar())
        session.delete(rex)
        session.commit()
        seen.append([one.name for one in session.query(Pet).order_by(Pet.name)])
    Pet.__table__.drop(engine)
    return seen


@see("ORM: relations")
def _():
    with Session(engine) as session:
        ada = session.query(Customer).options(selectinload(Customer.orders)).filter(Customer.name == "Ada").one()
        order = session.query(Order).options(joinedload(Order.customer)).order_by(Order.id).first()
        return [[one.id for one in ada.orders], order.customer.name, ada.born, ada.balance, ada.is_active,
                session.query(Order).filter(Order.customer.has(Customer.name.like("A%"))).count(), session.query(Customer).filter(Customer.id.in_([1, 2])).count()]


@see("transactions")
def _():
    with engine.connect() as connection:
        transaction = connection.begin()
        connection.execute(text("INSERT INTO shop.items (sku, label) VALUES (:sku, :label)"), {"sku": "x", "label": "y"})
        transaction.rollback()
        with connection.begin():
            nested = connection.begin_nested()
            inside = connection.execute(text("SELECT 'nested'")).scalar()
            nested.commit()
            return [inside, connection.execute(text("SELECT count(*) FROM shop.items")).scalar()]


@see("errors")
def _():
    with Session(engine) as session:
        session.add(Customer(id=1, name="again"))
        try:
            session.commit()
        except IntegrityError as error:
            session.rollback()
            return [error.orig.pgcode, session.query(Customer).count()]


@see("isolation levels")
def _():
    seen = []
    for level in ("AUTOCOMMIT", "REPEATABLE READ", "SERIALIZABLE"):
        with engine.connect().execution_options(isolation_level=level) as connection:
            seen.append([connection.get_isolation_level(), connection.execute(text("SELECT 1")).scalar()])
    return seen


@see("stream_results")
def _():
    with engine.connect() as connection:
        result = connection.execution_options(stream_results=True, max_row_buffer=100).execute(text("SELECT i FROM range(5000) AS t(i)"))
        return [sum(1 for _ in result), connection.execute(text("SELECT 1")).scalar()]


@see("pool_pre_ping and reset")
def _():
    other = create_engine(engine.url, pool_pre_ping=True, pool_size=1, max_overflow=0)
    seen = []
    for _ in range(3):
        with other.connect() as connection:
            seen.append(connection.execute(text("SELECT count(*) FROM customers")).scalar())
    other.dispose()
    return seen


@see("values")
def _():
    metadata = MetaData()
    kinds = Table("kinds", metadata, autoload_with=engine)
    with engine.connect() as connection:
        return list(connection.execute(select(kinds).where(kinds.c.id == 1)).one())


@see("model function")
def _():
    colours = Table("colours", MetaData(), autoload_with=engine)
    with engine.connect() as connection:
        name = func.colour_name(colours.c.image)
        return [list(one) for one in connection.execute(select(name, func.count()).group_by(name).order_by(name))]


engine.dispose()
