using Microsoft.Extensions.Logging.Abstractions;
using Podvirt.Catalogs;
using Podvirt.Core.Models;
using Podvirt.Tests.Chats;

namespace Podvirt.Tests.Catalogs;

public sealed class CatalogFollowerTests
{
    private static readonly CancellationToken s_none = CancellationToken.None;

    [Fact]
    public async Task CatalogOfAnotherProcess_IsSeen()
    {
        await using var state = new SharedState(TimeProvider.System);
        var other = NewStore(state);
        var mine = NewStore(state);
        await other.ApplyAsync([Model("a")], s_none);
        using var follower = new CatalogFollower(state.Store, mine, TimeProvider.System, NullLogger<CatalogFollower>.Instance);
        await follower.StartAsync(s_none);
        await ChatApp.UntilAsync(() => Task.FromResult(mine.Applied?.Find("a") is not null), "It was not seen.");
        var before = (await state.Store.GetAsync(Catalog.StateKey, s_none))!;
        await other.ApplyAsync([Model("a"), Model("b")], s_none);
        await ChatApp.UntilAsync(() => Task.FromResult(mine.Applied?.Find("b") is not null), "The change was not seen.");

        // An older one that was read before comes too late.
        mine.See(before);
        Assert.NotNull(mine.Applied!.Find("b"));

        // A store that lost its end has it again, under a later revision.
        mine.See(before with { Revision = before.Revision + 1_000 });
        Assert.Null(mine.Applied!.Find("b"));
        await follower.StopAsync(s_none);
    }

    private static CatalogStore NewStore(SharedState state) => new(state.Store, (_, _, _) => ValueTask.CompletedTask, NullLogger<CatalogStore>.Instance);

    private static ModelSpec Model(string id) => Podvirt.Configuration.ConfigReader.Read($$"""
        models:
          - id: {{id}}
            type: chat
            engine: { kind: simulated }
            gpu: { memory: 4GiB }
        """, "podvirt.yaml", _ => null).Models[0];
}
