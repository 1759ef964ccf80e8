using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Podvirt.Core.Usage;
using Podvirt.Messaging;
using Podvirt.Messaging.Sqlite;
using Podvirt.Metering.Invoices;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Outbox;
using Podvirt.Metering.Rating;

namespace Podvirt.Metering.Tests.Invoices;

/// <summary>A ledger with rates and invoices, and a clock. Models m and n have the versions 1 to 3.</summary>
internal sealed class Accounts : IAsyncDisposable, IOutboxQueue
{
    private readonly TempDirectory _directory = new();
    private readonly SqliteStateStore _store;

    private readonly LedgerRooms _rooms;

    private Accounts(LedgerRooms rooms, DateTimeOffset now)
    {
        _rooms = rooms;
        Time = new FakeTimeProvider(now) { AutoAdvanceAmount = TimeSpan.Zero };
        _store = SqliteStateStore.Open(_directory.File("state.db"), TimeProvider.System);
        Rates = new RateBook(_store, TimeProvider.System, NullLogger<RateBook>.Instance);
        Book = new InvoiceBook(Billing, Rates, _store, Parties, ColdStarts);
        Rerater = new Rerater(_rooms.Rerating, Rates, Time);
        Closer = new InvoiceCloser(Book, new PendingRows(this), Time, NullLogger<InvoiceCloser>.Instance);
    }

    public static BillingParties Parties { get; } = new(
        new InvoiceParty("Seller", ["1 Street"]), new Dictionary<string, InvoiceParty> { ["p"] = new("Customer", ["2 Street", "Town"]) });

    public FakeTimeProvider Time { get; private set; }

    public ILedger Ledger => _rooms.Ledger;

    public IBillingLedger Billing => _rooms.Billing;

    public RateBook Rates { get; }

    public InvoiceBook Book { get; private set; }

    public Rerater Rerater { get; private set; }

    public InvoiceCloser Closer { get; private set; }

    public FakeColdStarts ColdStarts { get; } = new();

    /// <summary>What the outbox has not moved.</summary>
    public List<UsageRecord> Waiting { get; } = [];

    public Guid Id { get; } = Guid.CreateVersion7();

    public long Rows => Waiting.Count;

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    public static async Task<Accounts> OpenAsync(LedgerRooms rooms, DateTimeOffset now)
    {
        var accounts = new Accounts(rooms, now);
        foreach (var model in (string[])["m", "n"])
        {
            await accounts._store.PutAsync(Rate.StatePrefix + model, StateJson.ToBytes<IReadOnlyList<Rate>>(
            [
                new(model, 1, DateTimeOffset.UnixEpoch, 100_000, 20_000, 300_000, 70_000, 1_234),
                new(model, 2, DateTimeOffset.UnixEpoch, 1, 0, 999_999, 3, 0),
                new(model, 3, DateTimeOffset.UnixEpoch, 0, 0, 0, 0, 0),
            ]), Ended);
        }
        await accounts.Rates.CaughtUpAsync(Ended);
        return accounts;
    }

    /// <summary>A new clock, which may be behind the one before.</summary>
    public void SetClock(DateTimeOffset now)
    {
        Time = new FakeTimeProvider(now);
        Rerater = new Rerater(_rooms.Rerating, Rates, Time);
        Closer = new InvoiceCloser(Book, new PendingRows(this), Time, NullLogger<InvoiceCloser>.Instance);
    }

    public RatedRecord Rated(UsageRecord record, int version) =>
        new(record, version, record.Source == UsageSource.None ? Cost.Zero : Rates.Find(record.Model, version)!.CostOf(record));

    public async Task AppendAsync(int version, params UsageRecord[] records) =>
        await Ledger.AppendAsync(Array.ConvertAll(records, r => Rated(r, version)), Ended);

    /// <summary>Every difference that a reconciliation finds.</summary>
    public async Task<IReadOnlyList<string>> ReconcileAsync()
    {
        var differences = new List<string>();
        await foreach (var step in new InvoiceReconciliation(Billing, Rates).ReconcileAsync(Ended))
        {
            differences.AddRange(step.Differences);
        }
        return differences;
    }

    public async Task FinaliseDueAsync() => await Closer.FinaliseDueAsync(Ended);

    public async Task<IReadOnlyList<Invoice>> ListAsync(string? project = null) => await Book.ListAsync(project, null, Ended);

    public async ValueTask DisposeAsync()
    {
        await Rates.DisposeAsync();
        await _rooms.DisposeAsync();
        await _store.DisposeAsync();
        _directory.Dispose();
    }

    ValueTask IOutboxQueue.WaitAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    ValueTask<IReadOnlyList<OutboxRow>> IOutboxQueue.ReadAsync(int limit, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<OutboxRow>>([.. Waiting.Take(limit).Select((r, i) => new OutboxRow(i, r))]);

    ValueTask<IReadOnlyList<OutboxRow>> IOutboxQueue.ReadBehindAsync(long seq, int limit, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    ValueTask IOutboxQueue.RemoveAsync(long last, IReadOnlyList<long> invalid, CancellationToken cancellationToken) => throw new NotSupportedException();
}

/// <summary>Gpu time that a test sets.</summary>
internal sealed class FakeColdStarts : IColdStartTimes
{
    public List<ColdStartTime> Times { get; } = [];

    public ValueTask<IReadOnlyList<ColdStartTime>> GpuSecondsAsync(
        DateTimeOffset from, DateTimeOffset to, string? project, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult<IReadOnlyList<ColdStartTime>>([.. Times.Where(t => project is null || t.Project == project)]);
}
