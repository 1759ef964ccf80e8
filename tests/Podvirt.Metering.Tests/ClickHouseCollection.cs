using Podvirt.Metering.Ledger.ClickHouse;
using Podvirt.Testing.ClickHouse;

namespace Podvirt.Metering.Tests;

/// <summary>One ClickHouse engine for all tests that do not break it; each ledger has a database of its own.</summary>
public sealed class ClickHouseFixture : IAsyncLifetime
{
    private int _databases;

    public ClickHouseServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await ClickHouseServer.StartAsync();

    public async ValueTask DisposeAsync() => await Server.DisposeAsync();

    /// <summary>An empty database.</summary>
    internal ClickHouseDatabase NewDatabase() => new(NewOptions());

    internal ClickHouseOptions NewOptions() => new() { Url = Server.Url, Database = $"ledger_{Interlocked.Increment(ref _databases)}" };
}

[CollectionDefinition(Name)]
public sealed class ClickHouseCollection : ICollectionFixture<ClickHouseFixture>
{
    public const string Name = "ClickHouse";
}
