using CsCheck;
using Podvirt.Core.Usage;
using Podvirt.Messaging.Sqlite;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Ledger.Sqlite;

namespace Podvirt.Metering.Tests.Ledger;

public sealed class SqliteLedgerTests : LedgerContract
{
    private readonly TempDirectory _directory = new();
    private readonly SqliteLedger _ledger;
    private int _others;

    public SqliteLedgerTests() => _ledger = SqliteLedger.Open(_directory.File("ledger.db"), TimeProvider.System);

    protected override ILedger Ledger => _ledger;

    protected override ILedger OpenAnother() => SqliteLedger.Open(_directory.File($"another-{Interlocked.Increment(ref _others)}.db"), TimeProvider.System);

    public override async ValueTask DisposeAsync()
    {
        await _ledger.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public void Cost_SplitsAndJoinsExactly() =>
        Gen.Select(Gen.Long, Gen.Long[0, 999_999_999_999]).Sample((usd, pico) =>
        {
            var cost = CostColumns.Join(usd, pico);
            Assert.Equal((usd, pico), CostColumns.Split(cost));
            Assert.Equal(cost, CostColumns.FromSums(usd, pico / 1_000_000, pico % 1_000_000));
        });

    [Fact]
    public async Task CopyTakenWithoutClosing_HoldsEveryBatchThatReturned()
    {
        await Ledger.AppendAsync([Rated(1), Rated(2)], Ended);
        using var crashed = new TempDirectory();
        File.Copy(_directory.File("ledger.db"), crashed.File("ledger.db"));
        File.Copy(_directory.File("ledger.db-wal"), crashed.File("ledger.db-wal"));

        await using var copy = SqliteLedger.Open(crashed.File("ledger.db"), TimeProvider.System);
        Assert.Equal(2, (await copy.RequestTotalsAsync(Ended))["m"]);
    }

    [Fact]
    public async Task BatchThatCannotBeStored_LeavesNothingBehind()
    {
        var impossible = Rated(2) with { Cost = new Cost(Int128.MaxValue) };

        await Assert.ThrowsAsync<OverflowException>(async () => await Ledger.AppendAsync([Rated(1), impossible], Ended));

        Assert.Null(await Ledger.FindAsync(Sample.IdOf(1), Ended));
        await Ledger.AppendAsync([Rated(1)], Ended);
        Assert.NotNull(await Ledger.FindAsync(Sample.IdOf(1), Ended));
    }

    [Fact]
    public void DamagedFile_IsNamed()
    {
        var path = _directory.File("damaged.db");
        File.WriteAllText(path, new string('x', 5_000));

        var error = Assert.Throws<DataFileException>(() => SqliteLedger.Open(path, TimeProvider.System));
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
    }
}
