using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Podvirt.Chats;
using Podvirt.Chats.StateStore;
using Podvirt.Configuration;
using Podvirt.Messaging.Owners;

namespace Podvirt.Tests.Chats;

/// <summary>Two gateways over one state store: the first runs answers, the second is asked for them.</summary>
public abstract class SharedAnswerPeersTests : IAsyncLifetime
{
    private static readonly CancellationToken s_none = CancellationToken.None;
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    private SharedState _state = null!;
    private FakeGateway _first = null!;
    private SharedConversationStore _secondStore = null!;
    private SharedAnswerPeers _second = null!;

    private protected abstract Task<SharedState> ShareAsync();

    public async ValueTask InitializeAsync()
    {
        _state = await ShareAsync();
        _first = new FakeGateway(store: _state.Open(_state.Enter("g1")));
        var owners = _state.Enter("g2");
        _secondStore = _state.Open(owners);
        _second = Peers(owners, TimeProvider.System);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        _second.Dispose();
        await _first.DisposeAsync();
        await _state.DisposeAsync();
    }

    [Fact]
    public async Task AnswerOfAnotherGateway_IsFollowedFromWhereItIsToItsEnd()
    {
        _first.Send(AnswerReaderTests.Delta(new { content = "One" }));
        var (job, end) = await _first.BeginAsync();
        await UntilStoredAsync(job, "One");

        await using var peer = (await FollowAsync(job))!;
        Assert.Equal("One", peer.State.Read(null).Text);
        var more = string.Concat(Enumerable.Range(0, 9_000).Select(n => $" {n}"));
        _first.Send(AnswerReaderTests.Delta(new { content = more }));
        await UntilAsync(peer, n => n.Text.Length == 3 + more.Length);
        _first.Send("data: [DONE]\n\n");
        _first.End();
        await end.WaitAsync(s_limit);
        var whole = await UntilAsync(peer, n => n.IsOver);
        Assert.Equal(("One" + more, AnswerStatus.Complete), (whole.Text, whole.Facts.Status));
        Assert.Null(await FollowAsync(job));
    }

    [Fact]
    public async Task TextThatWasThinking_BeginsAgain()
    {
        _first.Send(AnswerReaderTests.Delta(new { content = "Let me see." }));
        var (job, end) = await _first.BeginAsync();
        await UntilStoredAsync(job, "Let me see.");
        await using var peer = (await FollowAsync(job))!;
        _first.Send(AnswerReaderTests.Delta(new { content = "</think>Yes" }) + "data: [DONE]\n\n");
        _first.End();
        await end.WaitAsync(s_limit);
        var whole = await UntilAsync(peer, n => n.IsOver);
        Assert.Equal(("Yes", "Let me see."), (whole.Text.Trim(), whole.Thinking));
    }

    [Fact]
    public async Task Tokens_AreSeenWithinAQuarterOfASecond()
    {
        var (job, end) = await _first.BeginAsync();
        await using var peer = (await FollowAsync(job))!;
        var waits = new List<TimeSpan>();
        for (var at = 1; at <= 9; at++)
        {
            var began = Stopwatch.GetTimestamp();
            _first.Send(AnswerReaderTests.Delta(new { content = "x" }));
            await UntilAsync(peer, n => n.Text.Length == at);
            waits.Add(Stopwatch.GetElapsedTime(began));
        }
        _first.End();
        await end.WaitAsync(s_limit);
        Assert.InRange(waits.Order().ElementAt(4).TotalMilliseconds, 0, 250);
    }

    [Fact]
    public async Task Stop_ReachesTheGatewayThatRunsIt()
    {
        _first.Send(AnswerReaderTests.Delta(new { content = "Hi" }));
        var (job, end) = await _first.BeginAsync();
        await UntilStoredAsync(job, "Hi");
        await _second.StopAsync(job.State.Identity.Id, s_none);
        await end.WaitAsync(s_limit);
        var answer = (await _secondStore.FindAnswerAsync("admin", job.State.Identity.Id, s_none))!;
        Assert.Equal((AnswerStatus.Stopped, "Hi"), (answer.Facts.Status, answer.Text));
    }

    [Fact]
    public async Task StopOfAVisitors_ReachesTheirAnswersOnly()
    {
        var (job, end) = await _first.BeginAsync();
        await _second.StopAsync(identity => identity.Visitor == "anna", s_none);
        Assert.False((await _state.AnswersOf(_state.Enter("g2")).FindAsync(job.State.Identity.Id, s_none))!.Value.Answer.IsStopWanted);
        await _second.StopAsync(identity => identity.Visitor == "admin", s_none);
        await end.WaitAsync(s_limit);
    }

    [Fact]
    public async Task DeletedAnswer_EndsForItsReadersAndItsEngine()
    {
        var (job, end) = await _first.BeginAsync();
        await using var peer = (await FollowAsync(job))!;
        await _secondStore.ForgetAsync("admin", s_none);
        await UntilAsync(peer, n => n.IsOver);
        await end.WaitAsync(s_limit);
        Assert.Null(await _secondStore.FindAnswerAsync("admin", job.State.Identity.Id, s_none));
    }

    [Fact]
    public async Task GatewayThatIsGone_LeavesItsAnswerInterrupted()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        _first.Send(AnswerReaderTests.Delta(new { content = "Hi" }));
        var (job, end) = await _first.BeginAsync();
        await UntilStoredAsync(job, "Hi");
        await using var peer = (await FollowAsync(job))!;
        using var looking = Peers(_state.Enter("g3"), time);
        await looking.StartAsync(s_none);
        _state.Live.Remove("g1");
        await ChatApp.UntilAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(2));
                return Task.FromResult(peer.State.Read(null).IsOver);
            },
            "It was not ended.");
        Assert.Equal((AnswerStatus.Interrupted, "server_died"), (peer.State.Facts.Status, peer.State.Facts.Error!.Code));
        // It was only slow, and sees that nobody waits for it.
        await end.WaitAsync(s_limit);
        await looking.StopAsync(s_none);
    }

    private SharedAnswerPeers Peers(IOwners owners, TimeProvider time) => new(
        _state.Store, _state.AnswersOf(owners), _state.Open(owners), _state.Leases, new PodvirtConfig(), time, NullLogger<SharedAnswerPeers>.Instance);

    private async Task<PeerAnswer?> FollowAsync(AnswerJob job) =>
        await _second.FollowAsync((await _secondStore.FindAnswerAsync("admin", job.State.Identity.Id, s_none))!, s_none);

    private Task UntilStoredAsync(AnswerJob job, string text) => ChatApp.UntilAsync(
        async () => (await _secondStore.FindAnswerAsync("admin", job.State.Identity.Id, s_none))!.Text == text, $"'{text}' was not saved.");

    private static async Task<AnswerNews> UntilAsync(PeerAnswer peer, Func<AnswerNews, bool> condition)
    {
        var news = peer.State.Read(null);
        while (!condition(news))
        {
            await peer.State.Changed(news.Version).WaitAsync(s_limit);
            news = peer.State.Read(null);
        }
        return news;
    }
}

public sealed class FileSharedAnswerPeersTests : SharedAnswerPeersTests
{
    private protected override Task<SharedState> ShareAsync() => Task.FromResult(new SharedState(TimeProvider.System));
}

public sealed class NatsSharedAnswerPeersTests(OneNatsServer nats) : SharedAnswerPeersTests, IClassFixture<OneNatsServer>
{
    private protected override Task<SharedState> ShareAsync() => SharedState.OnAsync(nats.Server);
}
