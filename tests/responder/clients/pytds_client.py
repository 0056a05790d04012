"""python3-tds client: runs a session (JSON on standard input) against HOST PORT."""

import json
import sys
import time

import pytds


def main():
    host, port = sys.argv[1], int(sys.argv[2])
    session = json.load(sys.stdin)
    versions = {"7.1": pytds.tds_base.TDS71, "7.2": pytds.tds_base.TDS72,
                "7.3": pytds.tds_base.TDS73A, "7.4": pytds.tds_base.TDS74}
    with pytds.connect(dsn=host, port=port, user=session["user"], password="Not-A-Secret-1",
                       database=session["database"], appname=session["app"], autocommit=True, use_mars=session["mars"],
                       tds_version=versions[session["tds"]]) as connection:
        if session["mars"]:
            together(connection, session["steps"])
        for step in session["steps"]:
            run(connection, step)


def together(connection, steps):
    """Opens a cursor for every step before any answer is read: their sessions interleave."""
    cursors = []
    for step in steps:
        if "sql" in step and not step.get("fails"):
            cursor = connection.cursor()
            cursor.execute(step["sql"], tuple(step["params"]) if step.get("params") else ())
            cursors.append(cursor)
    for cursor in cursors:
        while cursor.description and cursor.fetchone():
            pass
    for cursor in cursors:
        cursor.close()


def run(connection, step):
    if "wait" in step:
        time.sleep(step["wait"])
        return
    with connection.cursor() as cursor:
        try:
            cursor.execute(step["sql"], tuple(step["params"]) if step.get("params") else ())
            if cursor.description:
                cursor.fetchall()
        except pytds.Error as error:
            print("pytds: %s" % error, file=sys.stderr)
            if not step.get("fails"):
                raise


main()
