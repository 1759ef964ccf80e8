using Podvirt.Metering.Outbox;

namespace Podvirt.Metering.Tests.Outbox;

public sealed class SentRowsTests
{
    private static readonly DateTimeOffset s_now = Sample.Noon;

    private readonly SentRows _sent = new(max: 5);

    [Fact]
    public void ConfirmedInAnyOrder_IsDoneUpToTheFirstThatIsNot()
    {
        var rows = Send(1, 4);

        _sent.Confirm([rows[2].Record.Id, rows[1].Record.Id]);
        Assert.Equal(0, _sent.DoneThrough);
        _sent.Confirm([rows[0].Record.Id]);
        Assert.Equal(3, _sent.DoneThrough);
        Assert.Equal(1, _sent.Count);
    }

    [Fact]
    public void ConfirmedBeforeItsAcknowledgement_IsDone()
    {
        var rows = Rows(1, 2);
        _sent.Begin(rows);

        _sent.Confirm([rows[0].Record.Id]);
        Assert.Equal(1, _sent.DoneThrough);
        _sent.Acknowledge(rows, [11, 12], s_now);
        Assert.Equal(1, _sent.Count);
        Assert.Equal(rows[1].Record.Id, Assert.Single(_sent.Overdue(s_now.AddMinutes(1))).Id);
    }

    [Fact]
    public void NotTaken_IsNeitherCountedNorOverdue_UntilItIs()
    {
        var rows = Rows(1, 2);
        _sent.Begin(rows);
        _sent.Acknowledge(rows, [0, 12], s_now);

        Assert.Equal(1, _sent.Count);
        Assert.Equal(12, Assert.Single(_sent.Overdue(s_now.AddMinutes(1))).Place);

        _sent.Begin(rows);
        _sent.Acknowledge(rows, [13, 12], s_now);
        Assert.Equal(2, _sent.Count);
    }

    [Fact]
    public void MoreThanMayBe_LetsTheOldestGo()
    {
        Send(1, 7);

        Assert.Equal(2, _sent.DoneThrough);
        Assert.Equal(5, _sent.Count);
    }

    [Fact]
    public void WhatTheStreamHasNot_IsNeverLetGo()
    {
        _sent.Begin(Rows(1, 7));

        Assert.Equal(0, _sent.DoneThrough);
    }

    [Fact]
    public void PublishedAgain_WaitsTwiceAsLong()
    {
        var rows = Send(1, 1);
        Assert.Empty(_sent.Overdue(s_now.AddSeconds(9.9)));
        Assert.Single(_sent.Overdue(s_now.AddSeconds(10)));

        _sent.Acknowledge(rows, [99], s_now.AddSeconds(10));
        Assert.Empty(_sent.Overdue(s_now.AddSeconds(29.9)));
        Assert.Equal(99, Assert.Single(_sent.Overdue(s_now.AddSeconds(30))).Place);
    }

    private static List<OutboxRow> Rows(int from, int count) => [.. Enumerable.Range(from, count).Select(n => new OutboxRow(n, Sample.Record(n)))];

    private List<OutboxRow> Send(int from, int count)
    {
        var rows = Rows(from, count);
        _sent.Begin(rows);
        _sent.Acknowledge(rows, [.. rows.Select(r => 100 + r.Seq)], s_now);
        return rows;
    }
}
