using Podvirt.Core.Usage;
using Podvirt.Metering.Ledger.ClickHouse;

namespace Podvirt.Metering.Tests.Ledger.ClickHouse;

/// <summary>What the engine reads of a block is what was put into it.</summary>
[Collection(ClickHouseCollection.Name)]
public sealed class NativeColumnsTests(ClickHouseFixture clickHouse)
{
    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    /// <summary>Names are numbered in one, two and four bytes.</summary>
    [Theory]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(65_537)]
    public async Task ManyNames_EachRowHasItsOwn(int names)
    {
        using var store = await OpenAsync("n UInt32, name LowCardinality(String)");
        var block = new NativeColumns(2, names * 2, 8);
        var rows = Enumerable.Range(0, names * 2).ToList();
        block.Add("n", "UInt32", rows, n => (uint)n);
        block.AddNames("name", rows, n => $"ä{n / 2}");

        await store.InsertOnceAsync("t", "token", ["n", "name"], block.ToStream(), Ended);

        var counts = await store.ReadAsync(
            "SELECT count(), countIf(name = concat('ä', toString(intDiv(n, 2)))) FROM t", SqlParameters.None,
            row => (Convert.ToInt32(row.GetValue(0), null), Convert.ToInt32(row.GetValue(1), null)), Ended);
        Assert.Equal([(rows.Count, rows.Count)], counts);
    }

    [Fact]
    public async Task EveryKindOfValue_IsReadAsItWas()
    {
        using var store = await OpenAsync("id UUID, small UInt8, large Int64, cost Decimal(38, 12), maybe Nullable(Int64), name LowCardinality(String)");
        Row[] rows =
        [
            new(Guid.Parse("01234567-89ab-cdef-fedc-ba9876543210"), 255, long.MinValue, new Cost(Int128.Parse("-123456789012345678901234567890", null)), null, ""),
            new(Guid.Empty, 0, long.MaxValue, new Cost(1), -1, new string('x', 300)),
        ];
        // Too little room is asked for: it grows.
        var block = new NativeColumns(6, rows.Length, 1);
        block.AddIds("id", rows, r => r.Id);
        block.Add("small", "UInt8", rows, r => r.Small);
        block.Add("large", "Int64", rows, r => r.Large);
        block.Add("cost", "Decimal(38, 12)", rows, r => r.Cost.Pico);
        block.AddNullable("maybe", "Int64", rows, r => r.Maybe);
        block.AddNames("name", rows, r => r.Name);

        await store.InsertOnceAsync("t", "token", ["id", "small", "large", "cost", "maybe", "name"], block.ToStream(), Ended);

        Assert.Equal(rows, await store.ReadAsync(
            "SELECT * FROM t ORDER BY large", SqlParameters.None,
            row => new Row(row.GetGuid(0), row.GetByte(1), row.GetInt64(2), CostValue.ToCost(row.GetValue(3)), row.IsDBNull(4) ? null : row.GetInt64(4), row.GetString(5)), Ended));
    }

    private async Task<ClickHouseStore> OpenAsync(string columns)
    {
        var store = new ClickHouseStore(clickHouse.NewOptions());
        await store.ExecuteOutsideAsync($"CREATE DATABASE {store.Database}", Ended);
        await store.ExecuteAsync($"CREATE TABLE t ({columns}) ENGINE = MergeTree ORDER BY tuple()", Ended);
        return store;
    }

    private sealed record Row(Guid Id, byte Small, long Large, Cost Cost, long? Maybe, string Name);
}
