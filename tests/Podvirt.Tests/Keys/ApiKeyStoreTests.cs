using System.Text;
using Microsoft.Extensions.Time.Testing;
using Podvirt.Core.Keys;
using Podvirt.Keys;
using Podvirt.Messaging;

namespace Podvirt.Tests.Keys;

public sealed class ApiKeyStoreTests
{
    private readonly MemoryStateStore _state = new();
    private readonly ILeases _leases = MemoryLeases.New();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly ApiKeyStore _keys;

    public ApiKeyStoreTests()
    {
        _keys = new ApiKeyStore(_state, _time);
    }

    [Fact]
    public async Task ANewKey_IsKeptAsItsHashAlone()
    {
        var created = await _keys.CreateAsync("ci", expiresAt: null);

        var entry = Assert.Single(await _state.ListAsync(ApiKey.StatePrefix));
        Assert.DoesNotContain(created.Secret, Encoding.UTF8.GetString(entry.Value.Span), StringComparison.Ordinal);
        Assert.Equal(ApiKey.HashOf(Encoding.UTF8.GetBytes(created.Secret)), entry.Read<ApiKey>().Hash);
        Assert.StartsWith(created.Key.Prefix, created.Secret, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ARevokedKey_StaysListedAndKeepsItsTime()
    {
        var id = (await _keys.CreateAsync("ci", expiresAt: null)).Key.Id;
        var revokedAt = _time.GetUtcNow();
        await _keys.RevokeAsync(id);
        _time.Advance(TimeSpan.FromHours(1));

        Assert.Equal(revokedAt, (await _keys.RevokeAsync(id))!.RevokedAt);
        Assert.False(Assert.Single(await _keys.ListAsync()).IsUsableAt(_time.GetUtcNow()));
    }

    [Theory]
    [InlineData("000000000000")]
    [InlineData("../catalog")]
    [InlineData("")]
    public async Task AnUnknownId_RevokesNothing(string id) => Assert.Null(await _keys.RevokeAsync(id));

    [Fact]
    public async Task RevocationAgainstAnotherWriter_TriesAgain()
    {
        var created = await _keys.CreateAsync("ci", expiresAt: null);
        _state.BeforeNextUpdate = () => _state
            .PutAsync(ApiKey.StatePrefix + created.Key.Id, StateJson.ToBytes(created.Key with { Name = "renamed" })).AsTask().GetAwaiter().GetResult();

        var revoked = await _keys.RevokeAsync(created.Key.Id);

        Assert.Equal("renamed", revoked!.Name);
        Assert.NotNull(revoked.RevokedAt);
    }

    [Fact]
    public async Task FirstStart_MakesOneKey_AndLaterStartsNone()
    {
        var first = await Development().CreateOnFirstStartAsync(seed: null, CancellationToken.None);

        Assert.StartsWith(ApiKey.SecretPrefix, first, StringComparison.Ordinal);
        Assert.Null(await Development().CreateOnFirstStartAsync(seed: null, CancellationToken.None));
        Assert.Single(await _keys.ListAsync());
    }

    [Fact]
    public async Task FirstStartWithASeed_MakesThatKey() =>
        Assert.Equal("pv-for-tests", await Development().CreateOnFirstStartAsync("pv-for-tests", CancellationToken.None));

    [Theory]
    [InlineData("tab\there")]
    [InlineData("with a space")]
    public async Task ASeedThatCannotBeAKey_IsRefusedWithoutBeingRepeated(string seed)
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => Development().CreateOnFirstStartAsync(seed, CancellationToken.None));

        Assert.DoesNotContain(seed, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RevokingEveryKey_DoesNotMakeANewOneAtTheNextStart()
    {
        await Development().CreateOnFirstStartAsync(seed: null, CancellationToken.None);
        await _keys.RevokeAsync((await _keys.ListAsync())[0].Id);

        Assert.Null(await Development().CreateOnFirstStartAsync("pv-for-tests", CancellationToken.None));
    }

    [Fact]
    public async Task TwoProcessesThatStartAtATime_MakeOneKey()
    {
        await using var shared = new Chats.SharedState(TimeProvider.System);
        var keys = new ApiKeyStore(shared.Store, TimeProvider.System);
        var secrets = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ =>
            Task.Run(() => new DevelopmentKey(keys, shared.Store, shared.Leases).CreateOnFirstStartAsync(seed: null, CancellationToken.None))));
        Assert.Single(secrets, secret => secret is not null);
        Assert.Single(await keys.ListAsync());
    }

    private DevelopmentKey Development() => new(_keys, _state, _leases);
}
