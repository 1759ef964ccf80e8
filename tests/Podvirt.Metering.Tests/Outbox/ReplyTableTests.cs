using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Podvirt.Messaging;
using Podvirt.Metering.Outbox;

namespace Podvirt.Metering.Tests.Outbox;

public sealed class ReplyTableTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly MeteringMetrics _metrics = new();
    private readonly FakeTimeProvider _time = new(Sample.Noon);

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _metrics.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task KeptReply_ReadsBackAsItWasAfterClosingToo()
    {
        await using (var outbox = Open())
        {
            await outbox.AppendAsync(Sample.Record(1), Reply(1), Ended);
            Assert.Equal(1, outbox.Rows);
        }

        await using var again = Open();
        var found = (await again.FindAsync(Key(1), Ended))!;
        var kept = Reply(1);
        Assert.Equal(kept.Body.ToArray(), found.Body.ToArray());
        Assert.Equal(kept.BodyHash.ToArray(), found.BodyHash.ToArray());
        Assert.Equal(
            (kept.RequestId, kept.Status, kept.ContentType, kept.Replica, kept.ExpiresAt),
            (found.RequestId, found.Status, found.ContentType, found.Replica, found.ExpiresAt));
        Assert.Null(await again.FindAsync(Key(2), Ended));
    }

    [Fact]
    public async Task ReplyWhoseTimeIsOver_IsGoneAndItsKeyIsFree()
    {
        await using var outbox = Open();
        await outbox.AppendAsync(Sample.Record(1), Reply(1), Ended);
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Null(await outbox.FindAsync(Key(1), Ended));

        await outbox.AppendAsync(Sample.Record(2), Reply(1) with { RequestId = Sample.IdOf(2), ExpiresAt = _time.GetUtcNow().AddHours(1) }, Ended);
        Assert.Equal(Sample.IdOf(2), (await outbox.FindAsync(Key(1), Ended))!.RequestId);
    }

    [Fact]
    public async Task MoreThanAreKept_TheOldestGiveWay()
    {
        await using var outbox = Open(repliesMax: 16);
        for (var n = 1; n <= 20; n++)
        {
            await outbox.AppendAsync(Sample.Record(n), Reply(n), Ended);
        }

        var found = new List<int>();
        for (var n = 1; n <= 20; n++)
        {
            if (await outbox.FindAsync(Key(n), Ended) is not null)
            {
                found.Add(n);
            }
        }
        Assert.InRange(found.Count, 14, 16);
        Assert.Equal(Enumerable.Range(21 - found.Count, found.Count), found);
    }

    [Fact]
    public async Task MoreBytesThanAreKept_TheOldestGiveWay()
    {
        await using var outbox = Open(bytesMax: 2_000);
        for (var n = 1; n <= 3; n++)
        {
            await outbox.AppendAsync(Sample.Record(n), Reply(n) with { Body = new byte[900] }, Ended);
        }

        Assert.Null(await outbox.FindAsync(Key(1), Ended));
        Assert.NotNull(await outbox.FindAsync(Key(3), Ended));
    }

    [Fact]
    public async Task RecordThatCannotBeKept_KeepsNoReplyEither()
    {
        var disk = new SmallDisk();
        await using var outbox = Open(disk: disk);
        await outbox.AppendAsync(Sample.Record(1), Ended);
        disk.Fill();
        await Assert.ThrowsAsync<UsageOutboxException>(async () => await outbox.AppendAsync(Sample.Record(2), Reply(2) with { Body = new byte[600_000] }, Ended));
        disk.Free();

        await outbox.AppendAsync(Sample.Record(3), Reply(3), Ended);
        Assert.Null(await outbox.FindAsync(Key(2), Ended));
        Assert.NotNull(await outbox.FindAsync(Key(3), Ended));
    }

    private SqliteUsageOutbox Open(int repliesMax = 100, long bytesMax = 1 << 20, SmallDisk? disk = null) => SqliteUsageOutbox.Open(
        new MeteringOptions { DataDirectory = _directory.Path, RepliesMax = repliesMax, ReplyBytesMax = bytesMax },
        _metrics, _time, NullLogger<SqliteUsageOutbox>.Instance, disk is null ? null : disk.Open);

    private static ReadOnlyMemory<byte> Key(int n) => Enumerable.Repeat((byte)n, 32).ToArray();

    private static StoredReply Reply(int n) => new(
        Key(n), Enumerable.Repeat((byte)(n + 1), 32).ToArray(), Sample.IdOf(n), 200, "application/json", "m-1", "{\"a\":1}"u8.ToArray(), Sample.Noon.AddHours(1));
}
