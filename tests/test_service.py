"""Threads behind limits: one answer for all who ask the same, and an end to waiting."""

import asyncio
import threading

import pytest

pytest.importorskip("fastapi")
from fastapi import HTTPException  # noqa: E402

from laban.errors import LabanError  # noqa: E402
from laban.service import KEPT, QUEUE, Limits, Service  # noqa: E402


def test_who_asks_the_same_gets_the_same_answer():
    calls = []

    async def asked():
        service = Service(Limits(at_once=2))
        answers = [service.once("key", lambda: calls.append(1) or 7) for _ in range(5)]
        assert await asyncio.gather(*answers) == [7] * 5
        assert await service.once("key", lambda: 8) == 7

    asyncio.run(asked())
    assert len(calls) == 1


def test_what_takes_too_long_is_there_for_who_asks_again():
    gate = threading.Event()

    async def asked():
        service = Service(Limits(seconds=0.05))
        with pytest.raises(HTTPException) as fault:
            await service.once("key", gate.wait, 20)
        assert fault.value.status_code == 408 and "ask again" in fault.value.detail
        gate.set()
        await asyncio.sleep(0.1)
        assert await service.once("key", lambda: 1 / 0) is True

    asyncio.run(asked())


def test_an_error_is_not_kept_and_neither_are_old_answers():
    def fault():
        raise LabanError("no")

    async def asked():
        service = Service(Limits())
        with pytest.raises(LabanError, match="no"):
            await service.once("key", fault)
        await asyncio.sleep(0)
        assert await service.once("key", lambda: 3) == 3
        for number in range(2 * KEPT):
            await service.once(number, lambda: 0)
        await asyncio.sleep(0)
        assert len(service._answers) == KEPT
        await service.once("large", lambda: 0, keep=False)
        await asyncio.sleep(0)
        assert "large" not in service._answers

    asyncio.run(asked())


def test_only_so_many_wait():
    gate, running = threading.Event(), []

    def work():
        running.append(1)
        gate.wait(20)

    async def asked():
        service = Service(Limits(at_once=1, seconds=20))
        tasks = [asyncio.ensure_future(service.once(n, work)) for n in range(QUEUE)]
        await asyncio.sleep(0.2)
        assert len(running) == 1  # the others wait for its place
        with pytest.raises(HTTPException) as fault:
            await service.once("more", work)
        assert fault.value.status_code == 429
        gate.set()
        await asyncio.gather(*tasks)
        assert len(running) == QUEUE

    asyncio.run(asked())
