using Podvirt.Catalogs;

namespace Podvirt.Tests.Catalogs;

public sealed class FilePolicyTests
{
    private static readonly CancellationToken s_none = CancellationToken.None;

    private readonly MemoryStateStore _store = new();

    [Fact]
    public async Task OlderFile_IsNoNewsAtAStart()
    {
        var first = new FilePolicy(_store, applies: true);
        Assert.True(await first.IsNewsAsync("one", s_none));
        await first.NoteAsync("one", s_none);
        Assert.True(await first.IsNewsAsync("one", s_none));
        await new FilePolicy(_store, applies: true).NoteAsync("two", s_none);
        Assert.False(await first.IsNewsAsync("one", s_none));
        Assert.True(await first.IsNewsAsync("two", s_none));
        Assert.True(await first.IsNewsAsync("three", s_none));

        // Who means it applies it, and then it is the latest.
        await first.NoteAsync("one", s_none);
        Assert.True(await first.IsNewsAsync("one", s_none));
        Assert.False(await first.IsNewsAsync("two", s_none));
    }

    [Fact]
    public async Task TwoNotesAtATime_AreBothKept()
    {
        var policy = new FilePolicy(_store, applies: true);
        await policy.NoteAsync("one", s_none);
        _store.BeforeNextUpdate = () => policy.NoteAsync("two", s_none).GetAwaiter().GetResult();
        await policy.NoteAsync("three", s_none);
        Assert.False(await policy.IsNewsAsync("two", s_none));
        Assert.True(await policy.IsNewsAsync("three", s_none));
    }

    [Fact]
    public async Task ManyFiles_AreForgottenOldestFirst()
    {
        var policy = new FilePolicy(_store, applies: true);
        for (var at = 0; at <= FilePolicy.HashesMax; at++)
        {
            await policy.NoteAsync($"{at}", s_none);
        }
        Assert.True(await policy.IsNewsAsync("0", s_none));
        Assert.False(await policy.IsNewsAsync("1", s_none));
    }
}
