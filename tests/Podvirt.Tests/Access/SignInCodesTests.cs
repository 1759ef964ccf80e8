using Microsoft.Extensions.Time.Testing;
using Podvirt.Access;

namespace Podvirt.Tests.Access;

public sealed class SignInCodesTests
{
    private static readonly CancellationToken s_none = CancellationToken.None;

    private readonly FakeTimeProvider _time = new();
    private readonly MemoryStateStore _store = new();

    [Fact]
    public async Task ACode_WorksOnceWhateverServerTakesIt()
    {
        var code = await new SignInCodes(_store, _time).IssueAsync(s_none);

        Assert.True(await new SignInCodes(_store, _time).TakeAsync(code, s_none));
        Assert.False(await new SignInCodes(_store, _time).TakeAsync(code, s_none));
    }

    [Fact]
    public async Task ACode_IsKeptAsItsHashOnly()
    {
        var code = await new SignInCodes(_store, _time).IssueAsync(s_none);

        var entry = Assert.Single(await _store.ListAsync("", s_none));
        Assert.DoesNotContain(code, entry.Key + System.Text.Encoding.UTF8.GetString(entry.Value.Span), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ACode_EndsAfterItsLifetime()
    {
        var codes = new SignInCodes(_store, _time);
        var code = await codes.IssueAsync(s_none);
        _time.Advance(SignInCodes.Lifetime);

        Assert.False(await codes.TakeAsync(code, s_none));
    }

    [Fact]
    public async Task OneMoreThanIsKept_DisplacesTheOldest()
    {
        var codes = new SignInCodes(_store, _time);
        var first = await codes.IssueAsync(s_none);
        _time.Advance(TimeSpan.FromSeconds(1));
        var later = new List<string>();
        for (var at = 0; at < SignInCodes.CountMax; at++)
        {
            later.Add(await codes.IssueAsync(s_none));
        }

        Assert.False(await codes.TakeAsync(first, s_none));
        foreach (var code in later)
        {
            Assert.True(await codes.TakeAsync(code, s_none));
        }
    }

    [Fact]
    public async Task ALaterCode_SweepsThoseThatHaveEnded()
    {
        var codes = new SignInCodes(_store, _time);
        await codes.IssueAsync(s_none);
        _time.Advance(SignInCodes.Lifetime);
        await codes.IssueAsync(s_none);

        Assert.Single(await _store.ListAsync(SignInCode.StatePrefix, s_none));
    }
}
