using Microsoft.Extensions.Logging.Abstractions;
using Podvirt.Catalogs;
using Podvirt.Core.Models;
using Podvirt.Messaging;
using Podvirt.Tests.Configuration;

namespace Podvirt.Tests.Catalogs;

public sealed class CatalogStoreTests
{
    private readonly MemoryStateStore _state = new();
    private readonly List<(string Model, PriceSpec? Price)> _prices = [];

    [Fact]
    public async Task FirstFile_MakesRevisionOne()
    {
        await ApplyAsync(Model("a"), Model("b"));

        var stored = await StoredAsync();
        Assert.Equal(1, stored.Revision);
        Assert.Equal([("a", 1), ("b", 1)], stored.Models.Select(m => (m.Id, m.Revision)));
    }

    [Fact]
    public async Task SameFileAgain_ChangesNothing()
    {
        await ApplyAsync(Model("a", env: "{ B: '2', A: '1' }"));
        var before = await _state.GetAsync(Catalog.StateKey);

        var diff = await ApplyAsync(Model("a", env: "{ A: '1', B: '2' }"));

        Assert.True(diff.IsEmpty);
        Assert.Equal(before!.Revision, (await _state.GetAsync(Catalog.StateKey))!.Revision);
    }

    [Fact]
    public async Task AChangedModel_GetsANewRevision_AndTheOthersKeepTheirs()
    {
        await ApplyAsync(Model("a"), Model("b"));

        var diff = await ApplyAsync(Model("a", memory: "21GiB"), Model("b"));

        Assert.Equal(["a"], diff.Changed);
        Assert.Equal(2, diff.Next.Revision);
        Assert.Equal([2, 1], diff.Next.Models.Select(m => m.Revision));
    }

    [Fact]
    public async Task AChangedPrice_KeepsTheRevision_AndIsRecorded()
    {
        await ApplyAsync(Model("a", price: "0.10"));

        var diff = await ApplyAsync(Model("a", price: "0.20"));

        Assert.Equal(["a"], diff.Repriced);
        Assert.Equal((2, 1), (diff.Next.Revision, diff.Next.Models[0].Revision));
        Assert.Equal(0.20m, _prices[^1].Price!.Prompt);
    }

    [Fact]
    public async Task TheSamePriceWithMoreZeros_IsNoChange()
    {
        await ApplyAsync(Model("a", price: "0.1"));

        Assert.True((await ApplyAsync(Model("a", price: "0.100"))).IsEmpty);
    }

    [Fact]
    public async Task ARemovedModel_Goes()
    {
        await ApplyAsync(Model("a"), Model("b"));

        var diff = await ApplyAsync(Model("b"));

        Assert.Equal(["a"], diff.Removed);
        Assert.Equal(["b"], (await StoredAsync()).Models.Select(m => m.Id));
    }

    [Fact]
    public async Task AnotherWriterComesFirst_ComparesAgain()
    {
        await ApplyAsync(Model("a"));
        _state.BeforeNextUpdate = () => _state.PutAsync(Catalog.StateKey, StateJson.ToBytes(new Catalog(7, []))).AsTask().GetAwaiter().GetResult();

        var diff = await ApplyAsync(Model("a", memory: "21GiB"));

        Assert.Equal(8, diff.Next.Revision);
        Assert.Equal(["a"], diff.Added);
    }

    private async Task<CatalogDiff> ApplyAsync(params string[] models)
    {
        var store = new CatalogStore(
            _state,
            (model, price, _) =>
            {
                _prices.Add((model, price));
                return ValueTask.CompletedTask;
            },
            NullLogger<CatalogStore>.Instance);
        var diff = await store.ApplyAsync(ConfigReaderTests.Read("models:\n" + string.Join('\n', models)).Models, CancellationToken.None);
        Assert.Equal(diff.Next, store.Applied);
        return diff;
    }

    private async Task<Catalog> StoredAsync() => (await _state.GetAsync(Catalog.StateKey))!.Read<Catalog>();

    private static string Model(string id, string memory = "20GiB", string price = "0", string env = "{}") =>
        $"  - {{ id: {id}, type: chat, engine: {{ kind: simulated, env: {env} }}, gpu: {{ memory: {memory} }}, price: {{ prompt: {price} }} }}";
}
