from threefold.fpga import Resources


def test_sum():
    assert Resources(1, 2, 3, 4) + Resources(0.5, ff=1) == Resources(1.5, 2, 4, 4)
    assert Resources(1.5, 2, 4, 4).cells == 5.5
    assert (Resources(5, surplus=-1) + Resources(4, ff=2, surplus=3)).flip_flops == 13


def test_table():
    table = Resources(1234.4, 2)._repr_html_()
    for name, count in (("LUTs", "1,234"), ("block RAMs", 2), ("single-port RAMs", 0)):
        row = f'<td style="text-align: left">{name}</td><td style="text-align: right">{count}</td>'
        assert row in table
