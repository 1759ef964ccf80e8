using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Podvirt.Core.Usage;
using Podvirt.Messaging;
using Podvirt.Metering.Outbox;

namespace Podvirt.Metering.Tests.Outbox;

/// <summary>While the disk takes nothing: what is held, what is lost, and who says so.</summary>
public sealed class ServeUnsavedTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly MeteringMetrics _metrics = new();
    private readonly FakeTimeProvider _time = new(Sample.Noon);
    private readonly LinesLog _log = new();
    private readonly SmallDisk _disk = new();

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _metrics.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task FullDisk_IsServedFromMemoryUpToTheBoundAndSavedLater()
    {
        using var recorder = new MetricRecorder(_metrics);
        await using var outbox = await FillAsync(serveUnsaved: true, recordsMax: 3);

        for (var n = 2; n <= 4; n++)
        {
            Assert.True(outbox.IsHealthy);
            await outbox.AppendAsync(Large(n), Ended);
        }
        Assert.False(outbox.IsHealthy);
        Assert.Equal((3d, 0d), (recorder.Gauge("podvirt.usage.unsaved"), recorder.Gauge("podvirt.usage.lost")));
        Assert.Equal(3d, recorder.Of("podvirt.usage.served.unsaved").Sum());
        Assert.True(recorder.Gauge("podvirt.usage.unsaved.bytes") > 3 * 1_000_000);

        // One more than the bound: its client hears of it, and what is lost is said.
        await Assert.ThrowsAsync<UsageOutboxException>(async () => await outbox.AppendAsync(Large(5), Ended));
        Assert.False(outbox.TryHold(Large(5)));
        Assert.Equal(1d, recorder.Gauge("podvirt.usage.lost"));
        Assert.Contains(_log.Lines, line => line.Contains($"request {Sample.IdOf(5)} of m is LOST", StringComparison.Ordinal));

        await HealAsync(outbox);
        await Eventually.TrueAsync(() => outbox.Rows == 4);
        Assert.Equal([1, 2, 3, 4], (await outbox.ReadAsync(10, Ended)).Select(r => r.Record.Tokens.Prompt - 100));
        Assert.Equal(0d, recorder.Gauge("podvirt.usage.unsaved"));
        await outbox.AppendAsync(Sample.Record(6), Ended);
        Assert.Equal(5, outbox.Rows);
    }

    [Fact]
    public async Task FullDiskWithoutServeUnsaved_RefusesAndHoldsOnlyWhatItIsHanded()
    {
        await using var outbox = await FillAsync(serveUnsaved: false, recordsMax: 3);
        await Assert.ThrowsAsync<UsageOutboxException>(async () => await outbox.AppendAsync(Large(2), Ended));
        Assert.False(outbox.IsHealthy);

        Assert.True(outbox.TryHold(Large(2) with { Outcome = UsageOutcome.Truncated }));
        await HealAsync(outbox);

        await Eventually.TrueAsync(() => outbox.Rows == 2);
        Assert.Equal([UsageOutcome.Completed, UsageOutcome.Truncated], (await outbox.ReadAsync(10, Ended)).Select(r => r.Record.Outcome));
    }

    [Fact]
    public async Task EndWhileTheDiskIsFull_SaysHowManyAreLost()
    {
        await using (var outbox = await FillAsync(serveUnsaved: true, recordsMax: 10))
        {
            await outbox.AppendAsync(Large(2), Ended);
            await outbox.AppendAsync(Large(3), Ended);
        }

        Assert.Contains(_log.Lines, line => line.StartsWith("2 usage records that were held in memory are LOST", StringComparison.Ordinal));
    }

    [Fact]
    public async Task EndWhenTheDiskHasRoomAgain_SavesWhatIsHeld()
    {
        await using (var outbox = await FillAsync(serveUnsaved: true, recordsMax: 10))
        {
            await outbox.AppendAsync(Large(2), Ended);
            await outbox.AppendAsync(Large(3), Ended);
            _disk.Free();
        }

        await using var again = Open(serveUnsaved: false, recordsMax: 1);
        Assert.Equal(3, again.Rows);
        Assert.DoesNotContain(_log.Lines, line => line.Contains("LOST", StringComparison.Ordinal));
    }

    [Fact]
    public async Task HeldAfterTheEnd_IsSaidToBeLost()
    {
        var outbox = Open(serveUnsaved: true, recordsMax: 10);
        await outbox.DisposeAsync();

        await Assert.ThrowsAsync<UsageOutboxException>(async () => await outbox.AppendAsync(Sample.Record(1), Ended));
        Assert.False(outbox.TryHold(Sample.Record(1)));
        Assert.Contains(_log.Lines, line => line.Contains("LOST", StringComparison.Ordinal));
    }

    private async Task<SqliteUsageOutbox> FillAsync(bool serveUnsaved, int recordsMax)
    {
        var outbox = Open(serveUnsaved, recordsMax);
        await outbox.AppendAsync(Sample.Record(1), Ended);
        _disk.Fill();
        return outbox;
    }

    private async Task HealAsync(SqliteUsageOutbox outbox)
    {
        _disk.Free();
        await Eventually.TrueAsync(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return outbox.IsHealthy;
        });
    }

    private SqliteUsageOutbox Open(bool serveUnsaved, int recordsMax) => SqliteUsageOutbox.Open(
        new MeteringOptions { DataDirectory = _directory.Path, ServeUnsaved = serveUnsaved, UnsavedRecordsMax = recordsMax }, _metrics, _time, _log, _disk.Open);

    // More than is left in the pages that the file has.
    private static UsageRecord Large(int n) => Sample.Record(n) with { Reason = new string('x', 600_000) };

    private sealed class LinesLog : ILogger<SqliteUsageOutbox>
    {
        private readonly Lock _gate = new();
        private readonly List<string> _lines = [];

        public IReadOnlyList<string> Lines
        {
            get
            {
                lock (_gate)
                {
                    return [.. _lines];
                }
            }
        }

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (_gate)
            {
                _lines.Add(formatter(state, exception));
            }
        }

        public bool IsEnabled(LogLevel logLevel) => true;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;
    }
}
