using Podvirt.Chats;
using Podvirt.Chats.StateStore;
using Podvirt.Messaging;

namespace Podvirt.Tests.Chats;

/// <summary>Conversations of several gateways, whatever state store they share.</summary>
public abstract class SharedConversationStoreTests : ConversationStoreTests, IAsyncLifetime
{
    private static readonly CancellationToken s_none = CancellationToken.None;

    private SharedState _state = null!;

    private protected abstract Task<SharedState> ShareAsync();

    public async ValueTask InitializeAsync()
    {
        _state = await ShareAsync();
        _store = _state.Open(_state.Enter("g1"), ConversationsMax, LoneAnswersMax);
    }

    private protected override int ConversationsMax => 20;

    private protected override int LoneAnswersMax => 20;

    public override ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return _state.DisposeAsync();
    }

    [Fact]
    public async Task TwoQuestionsAtATime_AreOneAnswerAndOneRefusal()
    {
        var other = _state.Open(_state.Enter("g2"));
        for (var round = 0; round < 5; round++)
        {
            var conversation = await CreateAsync("anna");
            var mine = _store;
            var first = TryBeginAsync(conversation, "one", null);
            _store = other;
            var second = TryBeginAsync(conversation, "two", null);
            _store = mine;
            Assert.Equal([BeginOutcome.Begun, BeginOutcome.Running], (await Task.WhenAll(first, second)).Order());
            Assert.Equal(2, (await _store.FindAsync("anna", conversation.Id, s_none))!.Messages.Count);
        }
        // Of those that were refused nothing is left.
        Assert.Equal(5, (await _state.Store.ListAsync(ChatKeys.Running, s_none)).Count);
        Assert.Equal(5, (await _state.Store.ListAsync("chats/answers/", s_none)).Count);
        Assert.Equal(5, (await _state.Store.ListAsync("chats/questions/", s_none)).Count);
    }

    [Fact]
    public async Task RunningAnswer_IsReadWithAllThatWasSaved()
    {
        var id = await BeginAsync(await CreateAsync("anna"), "one");
        var text = "";
        for (var at = 0; at < 8; at++)
        {
            var more = string.Concat(Enumerable.Repeat("😀", 1777 * at)) + $"|{at}";
            text += more;
            await _store.SaveAsync(Progress(id, more), s_none);
            Assert.Equal(text, (await _store.FindAnswerAsync("anna", id, s_none))!.Text);
        }
    }

    [Fact]
    public async Task LivingGateway_KeepsItsAnswer()
    {
        var id = await BeginAsync(await CreateAsync("anna"), "one");
        var other = _state.Open(_state.Enter("g2"));
        Assert.Equal(0, await other.InterruptAsync(_time.GetUtcNow(), s_none));
        Assert.Equal(SaveOutcome.Saved, await _store.SaveAsync(Progress(id, "Hi"), s_none));
        Assert.Equal("Hi", (await other.FindAnswerAsync("anna", id, s_none))!.Text);
    }

    [Fact]
    public async Task GatewayThatWasTakenForDead_IsToldSoAndWritesNoMore()
    {
        var conversation = await CreateAsync("anna");
        var id = await BeginAsync(conversation, "one");
        await _store.SaveAsync(Progress(id, "Hi"), s_none);
        _state.Live.Remove("g1");
        var other = _state.Open(_state.Enter("g2"));
        Assert.Equal(1, await other.InterruptAsync(_time.GetUtcNow().AddHours(1), s_none));

        Assert.Equal(SaveOutcome.Gone, await _store.SaveAsync(Progress(id, " there", AnswerStatus.Complete), s_none));
        var answer = (await other.FindAnswerAsync("anna", id, s_none))!;
        Assert.Equal((AnswerStatus.Interrupted, "Hi"), (answer.Facts.Status, answer.Text));
        Assert.Empty(await _state.Store.ListAsync(ChatKeys.Running, s_none));
        Assert.False((await other.FindAsync("anna", conversation.Id, s_none))!.Conversation.Running);
    }

    [Fact]
    public async Task AnswerThatFoundNoPlaceBeforeItsGatewayDied_LeavesNothing()
    {
        var conversation = await CreateAsync("anna");
        var answer = new NewAnswer(
            new AnswerIdentity(Guid.CreateVersion7().ToString(), "anna", "default", "m", conversation.Id), new AnswerFacts { StartedAt = _time.GetUtcNow() }, null, null, null, "{}",
            "{}"u8.ToArray());
        await _state.AnswersOf(_state.Enter("g2")).AddAsync(answer, s_none);
        _state.Live.Remove("g2");
        Assert.Equal(0, await _store.InterruptAsync(_time.GetUtcNow(), s_none));
        Assert.Equal([ChatKeys.Head("anna", conversation.Id)], (await _state.Store.ListAsync("chats/", s_none)).Select(e => e.Key));
    }

    [Fact]
    public async Task Everything_GoesWithItsVisitor()
    {
        var conversation = await CreateAsync("anna");
        Assert.True(await _store.ChangeAsync("anna", conversation.Id, null, new ChatSettings(new string('s', 10_000)), null, s_none));
        foreach (var id in (string[])[await BeginAsync(conversation, "one"), await BeginAloneAsync("anna")])
        {
            var long_ = new string('x', 50_000);
            await _store.SaveAsync(Progress(id, long_) with { Thinking = long_, Frames = Block(1, "a") }, s_none);
            await _store.SaveAsync(Progress(id, "", AnswerStatus.Complete) with { IsOver = true }, s_none);
        }
        await _store.SetRetentionAsync("anna", 3, s_none);
        await _store.ForgetAsync("anna", s_none);
        Assert.Empty(await _state.Store.ListAsync("chats/", s_none));
    }

    [Fact]
    public async Task RemovalThatWasCutOff_IsDoneByTheNextSweep()
    {
        var conversation = await CreateAsync("anna");
        var id = await BeginAsync(conversation, "one");
        await _store.SaveAsync(Progress(id, "Hi", AnswerStatus.Complete) with { IsOver = true }, s_none);
        var removal = await new SharedConversations(_state.Store, new StateBlobs(_state.Store)).TryRemoveHeadAsync("anna", conversation.Id, static _ => true, s_none);
        Assert.Equal([id], removal!.Answers);
        await _store.SweepAsync(_time.GetUtcNow(), s_none);
        Assert.Empty(await _state.Store.ListAsync("chats/", s_none));
    }

    [Fact]
    public async Task WishToStop_ComesWithTheNextSave()
    {
        var id = await BeginAsync(await CreateAsync("anna"), "one");
        Assert.Equal(SaveOutcome.Saved, await _store.SaveAsync(Progress(id, "Hi"), s_none));
        await _state.AnswersOf(_state.Enter("g2")).ChangeAsync(id, a => a with { IsStopWanted = true }, s_none);
        // With nothing new to save, too.
        Assert.Equal(SaveOutcome.StopWanted, await _store.SaveAsync(Progress(id, ""), s_none));
        Assert.Equal(SaveOutcome.Saved, await _store.SaveAsync(Progress(id, "", AnswerStatus.Stopped), s_none));
    }

    private protected override Task ReopenAsync()
    {
        _state.Live.Clear();
        _store = _state.Open(_state.Enter("g-next"), ConversationsMax, LoneAnswersMax);
        return Task.CompletedTask;
    }

    private AnswerProgress Progress(string id, string text, AnswerStatus status = AnswerStatus.Streaming) =>
        new(id, new AnswerFacts { StartedAt = _time.GetUtcNow(), Status = status }, text, "", false, null, null, false);
}

public sealed class FileSharedConversationStoreTests : SharedConversationStoreTests
{
    private protected override Task<SharedState> ShareAsync() => Task.FromResult(new SharedState(_time));
}

public sealed class NatsSharedConversationStoreTests(OneNatsServer nats) : SharedConversationStoreTests, IClassFixture<OneNatsServer>
{
    private protected override Task<SharedState> ShareAsync() => SharedState.OnAsync(nats.Server);
}
