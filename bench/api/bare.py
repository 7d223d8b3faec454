"""The cost of the framework alone: one FastAPI route that answers a small object.

It runs on the HTTP server that Moothall uses.
"""

import sys

import uvicorn
from fastapi import FastAPI

app = FastAPI()


@app.get("/items/{item_id}")
async def get_item(item_id: str) -> dict[str, str]:
    return {"item_id": item_id}


uvicorn.run(app, port=int(sys.argv[1]), http="httptools", loop="uvloop", access_log=False, log_level="warning")
