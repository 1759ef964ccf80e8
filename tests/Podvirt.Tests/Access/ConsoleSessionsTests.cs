using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Podvirt.Access;
using Podvirt.Members;
using Podvirt.Messaging;

namespace Podvirt.Tests.Access;

public sealed class ConsoleSessionsTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly MemoryStateStore _store = new();
    private readonly MemberStore _members;
    private readonly ConsoleSessions _sessions;

    public ConsoleSessionsTests()
    {
        _members = new MemberStore(_store, _time);
        _sessions = NewServer();
    }

    private static CancellationToken None => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ASession_LivesAsLongAsItIsUsed()
    {
        var secret = await _sessions.IssueAsync(SignInKind.Token, member: null, None);
        for (var i = 0; i < 5; i++)
        {
            _time.Advance(ConsoleSessions.Lifetime - TimeSpan.FromMinutes(1));
            Assert.NotNull(await _sessions.FindAsync(secret, None));
        }
        _time.Advance(ConsoleSessions.Lifetime);

        Assert.Null(await _sessions.FindAsync(secret, None));
    }

    [Fact]
    public async Task ASession_IsKnownToAnotherServer()
    {
        var secret = await _sessions.IssueAsync(SignInKind.Token, member: null, None);

        Assert.NotNull(await NewServer().FindAsync(secret, None));
    }

    [Fact]
    public async Task TheSecret_IsNotKept()
    {
        var secret = await _sessions.IssueAsync(SignInKind.Token, member: null, None);

        Assert.All(await _store.ListAsync("", None), entry =>
        {
            Assert.DoesNotContain(secret, entry.Key, StringComparison.Ordinal);
            Assert.DoesNotContain(secret, System.Text.Encoding.UTF8.GetString(entry.Value.Span), StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task CallsSoonAfterEachOther_OnlyRead()
    {
        var secret = await _sessions.IssueAsync(SignInKind.Token, member: null, None);
        var before = await RevisionAsync();
        for (var i = 0; i < 100; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(2));
            await _sessions.FindAsync(secret, None);
        }
        Assert.Equal(before, await RevisionAsync());

        _time.Advance(ConsoleSessions.RenewalInterval);
        await _sessions.FindAsync(secret, None);

        Assert.NotEqual(before, await RevisionAsync());
    }

    [Fact]
    public async Task ASessionThatEndsWhileItIsProlonged_StaysEnded()
    {
        var secret = await _sessions.IssueAsync(SignInKind.Token, member: null, None);
        _time.Advance(TimeSpan.FromHours(1));
        _store.BeforeNextUpdate = () => _sessions.EndAsync(secret, None).GetAwaiter().GetResult();

        await _sessions.FindAsync(secret, None);

        Assert.Null(await _sessions.FindAsync(secret, None));
    }

    [Fact]
    public async Task AMembersSession_EndsWithTheirRightToIt()
    {
        var member = await AddAsync("ada@example.com");
        var secret = await _sessions.IssueAsync(SignInKind.Password, member, None);
        Assert.Equal(member.Id, (await _sessions.FindAsync(secret, None))?.Member?.Id);

        await _members.UpdateAsync(member, m => m with { DisabledAt = _time.GetUtcNow() }, None);
        Assert.Null(await _sessions.FindAsync(secret, None));
        await _members.UpdateAsync(member, m => m with { DisabledAt = null }, None);
        Assert.NotNull(await _sessions.FindAsync(secret, None));
        await _members.UpdateAsync(member, m => m with { Epoch = m.Epoch + 1 }, None);
        Assert.Null(await _sessions.FindAsync(secret, None));
    }

    [Fact]
    public async Task AnotherMemberWithTheSameAddress_DoesNotInheritASession()
    {
        var first = await AddAsync("ada@example.com");
        var secret = await _sessions.IssueAsync(SignInKind.Password, first, None);
        Assert.True(await _members.RemoveAsync(first, None));
        Assert.Null(await _sessions.FindAsync(secret, None));

        await AddAsync("ada@example.com");

        Assert.Null(await _sessions.FindAsync(secret, None));
    }

    [Fact]
    public async Task AProvidersSession_EndsAfterADay_HoweverMuchItIsUsed()
    {
        var secret = await _sessions.IssueAsync(SignInKind.Oidc, await AddAsync("ada@example.com"), None);
        for (var at = TimeSpan.Zero; at < ConsoleSessions.OidcLifetimeMax; at += TimeSpan.FromHours(4))
        {
            Assert.NotNull(await _sessions.FindAsync(secret, None));
            _time.Advance(TimeSpan.FromHours(4));
        }

        Assert.Null(await _sessions.FindAsync(secret, None));
    }

    [Fact]
    public async Task OneMoreThanAMemberMayHave_DisplacesTheirOldest_AndNobodyElses()
    {
        var others = await _sessions.IssueAsync(SignInKind.Token, member: null, None);
        var ada = await AddAsync("ada@example.com");
        var secrets = new List<string>();
        for (var i = 0; i <= ConsoleSessions.CountOfOneMax; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            secrets.Add(await _sessions.IssueAsync(SignInKind.Password, ada, None));
        }

        Assert.Null(await _sessions.FindAsync(secrets[0], None));
        Assert.NotNull(await _sessions.FindAsync(secrets[1], None));
        Assert.NotNull(await _sessions.FindAsync(others, None));
        Assert.Equal(ConsoleSessions.CountOfOneMax + 1, (await _store.ListAsync(ConsoleSession.StatePrefix, None)).Count);
    }

    [Fact]
    public async Task EndedSessions_AreClearedAwayBySignIns()
    {
        await _sessions.IssueAsync(SignInKind.Token, member: null, None);
        _time.Advance(ConsoleSessions.Lifetime);

        await _sessions.IssueAsync(SignInKind.Token, member: null, None);

        Assert.Single(await _store.ListAsync(ConsoleSession.StatePrefix, None));
    }

    private ConsoleSessions NewServer() => new(_store, new MemberStore(_store, _time), _time, NullLogger<ConsoleSessions>.Instance);

    private async Task<long> RevisionAsync() => (await _store.ListAsync("", None)).Max(e => e.Revision);

    private async Task<Member> AddAsync(string email) => Assert.IsType<Member>(await _members.CreateAsync(
        (id, now) => new Member { Id = id, Name = "Ada", Email = email, Role = MemberRole.Member, Projects = ["default"], CreatedAt = now }, None));
}
