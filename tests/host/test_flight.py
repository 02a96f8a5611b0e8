from threefold.host.flight import Flight


def test_an_answer_tells_of_those_that_were_lost_before_it():
    flight = Flight(5, seq=0xFFFD)
    assert [flight.send() for _ in range(4)] == [(0xFFFE, 0), (0xFFFF, 1), (0, 2), (1, 3)]
    assert flight.answer(0) == (2, 2)
    assert (flight.sent, flight.waiting) == (1, 3)
    assert flight.answer(0xFFFE) == (None, 0)  # late
    assert flight.answer(0) == (None, 0)  # twice
    assert [flight.send() for _ in range(3)] == [(2, 0), (3, 1), (4, 4)]
    assert [flight.answer(seq) for seq in (1, 2, 3, 4)] == [(3, 0), (0, 0), (1, 0), (4, 0)]
    assert not flight


def test_all_are_given_up_in_order():
    flight = Flight(3, seq=0)
    flight.send()
    flight.send()
    assert flight.give_up() == 2
    assert [flight.send()[1] for _ in range(3)] == [0, 1, 2]
    assert flight
    assert not Flight(0, seq=0)
