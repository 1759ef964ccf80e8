using Podvirt.Core.Usage;
using Podvirt.Messaging;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Streams;
using Podvirt.Testing.Nats;

namespace Podvirt.Metering.Tests.Streams;

[Collection(NatsCollection.Name)]
public sealed class UsageWorkerTests(NatsFixture nats)
{
    private const int Rounds = 12;

    private readonly TokenLedger _ledger = new();

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    [Fact]
    public async Task WorkersAreKilledAtRandom_TheLedgerHasWhatWasPublishedOnce()
    {
        await using var bench = await StreamBench.StartAsync(nats.Server);
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        TestContext.Current.TestOutputHelper!.WriteLine($"seed {seed}");
        var workers = new List<KillableWorker> { new(bench, _ledger), new(bench, _ledger) };
        var published = new List<UsageRecord>();
        for (var round = 0; round < Rounds; round++)
        {
            published.AddRange(await bench.PublishAsync((round * 400) + 1, random.Next(50, 400)));
            // In the middle of something, wherever that is: at the next append of this worker, before or after it counts.
            var victim = random.Next(workers.Count);
            workers[victim].KillAt = random.Next(0, 4);
            workers[victim].DiesAfterAppend = random.Next(2) == 0;
            await Eventually.TrueAsync(() => workers[victim].IsDead || _ledger.Ids.Count == published.Count);
            if (workers[victim].IsDead)
            {
                workers[victim] = new KillableWorker(bench, _ledger);
            }
            else
            {
                workers[victim].KillAt = -1;
            }
        }

        // Also what was on the ledger when its worker died is taken over, and once more.
        await Eventually.TrueAsync(() => _ledger.Ids.Count >= published.Count && bench.Chain.ReadAsync(Ended).AsTask().GetAwaiter().GetResult()!.Open.Count == 0);

        foreach (var worker in workers)
        {
            await worker.StopAsync();
        }
        _ledger.HasExactly(published.Select(r => r.Id));
    }

    [Fact]
    public async Task LedgerIsAway_RecordsStayOnTheStreamAndCountOnceAfterwards()
    {
        await using var bench = await StreamBench.StartAsync(nats.Server);
        using var metrics = new MetricRecorder(bench.Metrics);
        _ledger.Fault = (_, _) => throw new IOException("the ledger is away");
        using var worker = bench.Worker(_ledger);
        await worker.StartAsync(Ended);
        var records = await bench.PublishAsync(1, 350);

        await Eventually.TrueAsync(() => metrics.Gauge("podvirt.usage.stream.depth") >= 350 && metrics.Gauge("podvirt.usage.stream.lag") > 0);
        Assert.NotEmpty(metrics.Of("podvirt.ledger.failures"));
        _ledger.Fault = null;

        await Eventually.TrueAsync(() => metrics.Gauge("podvirt.usage.stream.depth") == 0 && _ledger.Ids.Count == records.Length);
        await worker.StopAsync(Ended);
        _ledger.HasExactly(records.Select(r => r.Id));
    }

    [Fact]
    public async Task ServerIsKilledAndStartedAgain_WorkersGoOn()
    {
        await using var server = await NatsServer.StartAsync();
        await using var bench = await StreamBench.StartAsync(server);
        using var worker = bench.Worker(_ledger);
        await worker.StartAsync(Ended);
        var records = await bench.PublishAsync(1, 50);
        await Eventually.TrueAsync(() => _ledger.Ids.Count == 50);

        await server.KillAsync();
        await Eventually.TrueAsync(() => worker.Trouble.Length > 0);
        await server.StartAgainAsync();
        var more = await bench.PublishAsync(51, 50);

        await Eventually.TrueAsync(() => _ledger.Ids.Count >= 100 && worker.Trouble.Length == 0);
        await worker.StopAsync(Ended);
        _ledger.HasExactly([.. records.Select(r => r.Id), .. more.Select(r => r.Id)]);
    }

    /// <summary>A worker that can end as a killed process does: its lanes stop where they are, and its lease ends by its time.</summary>
    private sealed class KillableWorker : IBatchLedger
    {
        private readonly TokenLedger _ledger;
        private readonly DyingLeases _leases;
        private readonly UsageWorker _worker;
        private readonly TaskCompletionSource _never = new();

        public KillableWorker(StreamBench bench, TokenLedger ledger)
        {
            _ledger = ledger;
            _leases = new DyingLeases(bench.Leases);
            _worker = bench.Worker(this, _leases);
            _worker.StartAsync(Ended).GetAwaiter().GetResult();
        }

        /// <summary>After so many more appends; negative: not.</summary>
        public int KillAt { get; set; } = -1;

        public bool DiesAfterAppend { get; set; }

        public bool IsDead => _leases.IsDead;

        public async ValueTask AppendBatchAsync(string token, IReadOnlyList<RatedRecord> records, CancellationToken cancellationToken = default)
        {
            var dies = KillAt >= 0 && KillAt-- == 0;
            if (IsDead || (dies && !DiesAfterAppend))
            {
                await DieAsync();
            }
            await _ledger.AppendBatchAsync(token, records, cancellationToken);
            if (dies)
            {
                await DieAsync();
            }
        }

        public async Task StopAsync()
        {
            await _worker.StopAsync(Ended);
            _worker.Dispose();
        }

        private Task DieAsync()
        {
            _leases.IsDead = true;
            return _never.Task;
        }
    }

    private sealed class DyingLeases(ILeases inner) : ILeases
    {
        public bool IsDead { get; set; }

        public TimeSpan Period => inner.Period;

        public ValueTask<NamedLease?> TryTakeAsync(string name, ReadOnlyMemory<byte> value, CancellationToken cancellationToken = default) =>
            IsDead ? Never<NamedLease?>() : inner.TryTakeAsync(name, value, cancellationToken);

        public ValueTask<NamedLease?> TryRenewAsync(NamedLease lease, ReadOnlyMemory<byte> value, CancellationToken cancellationToken = default) =>
            IsDead ? Never<NamedLease?>() : inner.TryRenewAsync(lease, value, cancellationToken);

        public ValueTask ReleaseAsync(NamedLease lease, CancellationToken cancellationToken = default) =>
            IsDead ? new ValueTask(Never<bool>().AsTask()) : inner.ReleaseAsync(lease, cancellationToken);

        public ValueTask<IReadOnlyList<HeldLease>> ListAsync(string prefix, CancellationToken cancellationToken = default) =>
            IsDead ? Never<IReadOnlyList<HeldLease>>() : inner.ListAsync(prefix, cancellationToken);

        private static ValueTask<T> Never<T>() => new(new TaskCompletionSource<T>().Task);
    }
}
