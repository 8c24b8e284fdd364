"""Prints a JSON line for each thing tried: its name and what came of it, or the error."""
import datetime
import decimal
import ipaddress
import json
import uuid


def plain(value):
    """What JSON can say of a value; its class where that is not plain."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        # Beyond 2^53 the reader of the JSON would round it.
        return value if abs(value) <= 2**53 else str(value)
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "hex " + bytes(value).hex()
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return type(value).__name__ + " " + value.isoformat()
    if isinstance(value, (decimal.Decimal, uuid.UUID, datetime.timedelta, ipaddress.IPv4Address)):
        return type(value).__name__ + " " + str(value)
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, set)) or hasattr(value, "items"):
        return [plain(one) for one in value]
    return str(value)


def show(name, value):
    print(json.dumps({"name": name, "value": plain(value)}), flush=True)


def show_error(name, error):
    print(json.dumps({"name": name, "error": type(error).__name__ + ": " + str(error)}), flush=True)


def see(name):
    """Runs a function now, and reports what it returns."""

    def run(function):
        try:
            show(name, function())
        except Exception as error:
            show_error(name, error)
        return function

    return run
