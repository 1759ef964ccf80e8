using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Podvirt.Chats;

namespace Podvirt.Tests.Chats;

/// <summary>What every store of conversations keeps to.</summary>
public abstract class ConversationStoreTests : IAsyncDisposable
{
    private static readonly CancellationToken s_none = CancellationToken.None;

    private protected readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    private protected IConversationStore _store = null!;

    private protected abstract int ConversationsMax { get; }

    private protected abstract int LoneAnswersMax { get; }

    public abstract ValueTask DisposeAsync();

    /// <summary>As after a kill of the process that ran everything so far.</summary>
    private protected abstract Task ReopenAsync();

    [Fact]
    public async Task KilledServer_LeavesWhatItHadSavedAsInterrupted()
    {
        var conversation = await CreateAsync("anna");
        var id = await BeginAsync(conversation, "one");
        var facts = new AnswerFacts { StartedAt = _time.GetUtcNow(), Status = AnswerStatus.Streaming, Wait = new AnswerWait("queued", null, null), RequestId = "r" };
        await _store.SaveAsync(new AnswerProgress(id, facts, "Hel", "h", false, "{}", Block(1, "a", "b"), false), s_none);
        await _store.SaveAsync(new AnswerProgress(id, facts, "lo", "m", false, null, Block(3, "c"), false), s_none);
        await ReopenAsync();

        Assert.Equal(1, await _store.InterruptAsync(_time.GetUtcNow().AddHours(1), s_none));
        Assert.Equal(0, await _store.InterruptAsync(_time.GetUtcNow().AddHours(1), s_none));
        var answer = (await _store.FindAsync("anna", conversation.Id, s_none))!.Messages[1].Answer!;
        Assert.Equal((AnswerStatus.Interrupted, "server_died", "Hello", "hm"), (answer.Facts.Status, answer.Facts.Error!.Code, answer.Text, answer.Thinking));
        Assert.Equal(("r", (AnswerWait?)null, (DateTimeOffset?)_time.GetUtcNow().AddHours(1)), (answer.Facts.RequestId, answer.Facts.Wait, answer.Facts.FramesUntil));
        Assert.Equal("abc", await FramesAsync("anna", id));

        // Its conversation goes on.
        await BeginAsync(conversation, "two", id);
    }

    [Fact]
    public async Task RewrittenText_TakesThePlaceOfAllThatWasSaved()
    {
        var id = await BeginAsync(await CreateAsync("anna"), "one");
        var facts = new AnswerFacts { StartedAt = _time.GetUtcNow(), Status = AnswerStatus.Streaming };
        await _store.SaveAsync(new AnswerProgress(id, facts, "Let me", "", false, null, null, false), s_none);
        await _store.SaveAsync(new AnswerProgress(id, facts, "", "Let me see.", true, null, null, false), s_none);
        await _store.SaveAsync(new AnswerProgress(id, facts with { Status = AnswerStatus.Complete }, "Yes", "", false, null, null, false), s_none);
        // What is known later is added to it.
        await _store.SaveAsync(new AnswerProgress(id, facts with { Status = AnswerStatus.Complete }, "", "", false, null, null, false), s_none);
        var answer = await _store.FindAnswerAsync("anna", id, s_none);
        Assert.Equal(("Yes", "Let me see."), (answer!.Text, answer.Thinking));
    }

    [Fact]
    public async Task DeletedConversation_TakesAllOfItAndNoMoreProgress()
    {
        var conversation = await CreateAsync("anna");
        var other = await CreateAsync("anna");
        var id = await BeginAsync(conversation, "one");
        Assert.Equal(0, await _store.DeleteAsync("ben", conversation.Id, s_none));
        Assert.Equal(1, await _store.DeleteAsync("anna", conversation.Id, s_none));
        Assert.Equal(SaveOutcome.Gone, await _store.SaveAsync(
            new AnswerProgress(id, new AnswerFacts { StartedAt = _time.GetUtcNow() }, "late", "", false, null, Block(1, "a"), false), s_none));
        Assert.Null(await _store.FindAnswerAsync("anna", id, s_none));
        Assert.Null(await _store.FramesAsync("anna", id, 0, s_none));
        Assert.NotNull(await _store.FindAsync("anna", other.Id, s_none));
        Assert.Equal(BeginOutcome.Gone, await TryBeginAsync(conversation, "two", null));
    }

    [Fact]
    public async Task ForgottenVisitor_LeavesNothing()
    {
        var kept = await CreateAsync("ben");
        var conversation = await CreateAsync("anna");
        await BeginAsync(conversation, "one");
        var lone = await BeginAloneAsync("anna");
        await _store.SetRetentionAsync("anna", 3, s_none);
        await _store.ForgetAsync("anna", s_none);
        Assert.Empty((await _store.ListAsync(new ConversationQuery("anna", null, null, null, 10, null), s_none)).Conversations);
        Assert.Null(await _store.FindAnswerAsync("anna", lone, s_none));
        Assert.Null(await _store.RetentionAsync("anna", s_none));
        Assert.NotNull(await _store.FindAsync("ben", kept.Id, s_none));
    }

    [Fact]
    public async Task Sweep_RemovesWhatWasNotTouchedForItsRetention()
    {
        await _store.SetRetentionAsync("anna", 3, s_none);
        var old = await CreateAsync("anna");
        var running = await CreateAsync("anna");
        await BeginAsync(running, "one");
        var anothers = await CreateAsync("ben");
        _time.Advance(TimeSpan.FromDays(2));
        var touched = await CreateAsync("anna");

        _time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(0, (await _store.SweepAsync(_time.GetUtcNow(), s_none)).Conversations);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, (await _store.SweepAsync(_time.GetUtcNow(), s_none)).Conversations);
        Assert.Null(await _store.FindAsync("anna", old.Id, s_none));
        Assert.NotNull(await _store.FindAsync("anna", running.Id, s_none));
        Assert.NotNull(await _store.FindAsync("anna", touched.Id, s_none));
        Assert.NotNull(await _store.FindAsync("ben", anothers.Id, s_none));
    }

    [Fact]
    public async Task Sweep_DropsFramesAndThinkingAndLoneAnswersWhenTheirTimeIsOver()
    {
        var conversation = await CreateAsync("anna");
        var id = await BeginAsync(conversation, "one");
        var lone = await BeginAloneAsync("anna");
        var stillRuns = await BeginAloneAsync("anna");
        foreach (var answer in (string[])[id, lone])
        {
            var facts = new AnswerFacts { StartedAt = _time.GetUtcNow(), Status = AnswerStatus.Complete, FramesUntil = _time.GetUtcNow().AddHours(24) };
            await _store.SaveAsync(new AnswerProgress(answer, facts, "Yes", "hm", false, "{}", Block(1, "a"), false), s_none);
        }
        _time.Advance(TimeSpan.FromHours(24) - TimeSpan.FromSeconds(1));
        Assert.Equal(0, (await _store.SweepAsync(_time.GetUtcNow(), s_none)).Answers);
        Assert.Equal("hm", (await _store.FindAnswerAsync("anna", id, s_none))!.Thinking);

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(2, (await _store.SweepAsync(_time.GetUtcNow(), s_none)).Answers);
        var kept = (await _store.FindAsync("anna", conversation.Id, s_none))!.Messages[1].Answer!;
        Assert.Equal(("Yes", null, null), (kept.Text, kept.Thinking, kept.Facts.FramesUntil));
        var page = await _store.FramesAsync("anna", id, 0, s_none);
        Assert.Null(page!.RequestBody);
        Assert.Empty(page.Frames);
        Assert.Null(await _store.FindAnswerAsync("anna", lone, s_none));
        Assert.NotNull(await _store.FindAnswerAsync("anna", stillRuns, s_none));
        Assert.Equal(0, (await _store.SweepAsync(_time.GetUtcNow(), s_none)).Answers);
    }

    [Fact]
    public async Task SweepService_SweepsAtTheStartAndEveryMinute()
    {
        await _store.SetRetentionAsync("anna", 1, s_none);
        var first = await CreateAsync("anna");
        _time.Advance(TimeSpan.FromDays(2));
        using var sweep = new ChatSweep(_store, _time, NullLogger<ChatSweep>.Instance);
        await sweep.StartAsync(s_none);
        await ChatApp.UntilAsync(async () => await _store.FindAsync("anna", first.Id, s_none) is null, "It did not sweep at the start.");

        var second = await CreateAsync("anna");
        _time.Advance(TimeSpan.FromDays(1) + TimeSpan.FromMinutes(2));
        await ChatApp.UntilAsync(async () => await _store.FindAsync("anna", second.Id, s_none) is null, "It did not sweep again.");
        await sweep.StopAsync(s_none);
    }

    [Fact]
    public async Task FullConversation_TakesNoMore()
    {
        var conversation = await CreateAsync("anna");
        var text = new string('x', 4 << 20);
        for (var at = 0; at < 9; at++)
        {
            var id = await BeginAsync(conversation, text);
            await _store.SaveAsync(new AnswerProgress(id, new AnswerFacts { StartedAt = _time.GetUtcNow(), Status = AnswerStatus.Stopped }, "", "", false, null, null, false), s_none);
        }
        Assert.Equal(BeginOutcome.Full, await TryBeginAsync(conversation, "one more", null));
    }

    [Fact]
    public async Task SecondAnswer_WaitsForTheFirst()
    {
        var conversation = await CreateAsync("anna");
        var id = await BeginAsync(conversation, "one");
        Assert.Equal(BeginOutcome.Running, await TryBeginAsync(conversation, "two", null));
        await _store.SaveAsync(
            new AnswerProgress(id, new AnswerFacts { StartedAt = _time.GetUtcNow(), Status = AnswerStatus.Stopped }, "", "", false, null, null, false), s_none);
        Assert.Equal(BeginOutcome.Begun, await TryBeginAsync(conversation, "two", null));
    }

    [Fact]
    public async Task LongAnswer_IsReadAsItWasSaved()
    {
        var conversation = await CreateAsync("anna");
        var id = await BeginAsync(conversation, new string('ä', ChatBounds.ContentChars));
        var facts = new AnswerFacts { StartedAt = _time.GetUtcNow(), Status = AnswerStatus.Streaming };
        var text = new StringBuilder();
        for (var at = 0; at < 20; at++)
        {
            // Odd lengths of characters of two halves: whoever cuts between them is seen.
            var more = string.Concat(Enumerable.Repeat("😀", 777 * at)) + $"|{at}";
            text.Append(more);
            await _store.SaveAsync(new AnswerProgress(id, facts, more, more, false, null, null, false), s_none);
        }
        await _store.SaveAsync(new AnswerProgress(id, facts with { Status = AnswerStatus.Complete }, "", "", false, null, null, false) { IsOver = true }, s_none);
        var messages = (await _store.FindAsync("anna", conversation.Id, s_none))!.Messages;
        Assert.Equal((ChatBounds.ContentChars, text.ToString(), text.ToString()), (messages[0].Content.Length, messages[1].Answer!.Text, messages[1].Answer!.Thinking));
    }

    [Fact]
    public async Task Search_FindsTitlesQuestionsAnswersAndRequests()
    {
        var first = await CreateAsync("anna");
        var id = await BeginAsync(first, "Where is the Sea?");
        await _store.SaveAsync(
            new AnswerProgress(id, new AnswerFacts { StartedAt = _time.GetUtcNow(), Status = AnswerStatus.Complete, RequestId = "r-1" }, "Behind the dunes", "", false, null, null, false),
            s_none);
        _time.Advance(TimeSpan.FromSeconds(1));
        var second = await CreateAsync("anna");
        Assert.Equal([second.Id, first.Id], await FoundAsync(null));
        Assert.Equal([first.Id], await FoundAsync("the sEA"));
        Assert.Equal([first.Id], await FoundAsync("DUNES"));
        Assert.Equal([first.Id], await FoundAsync("a title"));
        Assert.Empty(await FoundAsync("%"));
        Assert.Equal([first.Id], await FoundAsync(null, request: "r-1"));
        Assert.Empty(await FoundAsync(null, request: "r-2"));
        var page = await _store.ListAsync(new ConversationQuery("anna", ["default"], "m", null, 1, null), s_none);
        Assert.Equal(second.Id, page.Conversations.Single().Id);
        Assert.Equal([first.Id], (await _store.ListAsync(new ConversationQuery("anna", null, null, null, 9, page.Next), s_none)).Conversations.Select(c => c.Id));
        Assert.Empty((await _store.ListAsync(new ConversationQuery("anna", ["other"], null, null, 9, null), s_none)).Conversations);

        async Task<IEnumerable<string>> FoundAsync(string? search, string? request = null) =>
            (await _store.ListAsync(new ConversationQuery("anna", null, null, search, 9, null) { Request = request }, s_none)).Conversations.Select(c => c.Id);
    }

    [Fact]
    public async Task Change_KeepsWhatIsNotNamed()
    {
        var conversation = await CreateAsync("anna");
        await BeginAsync(conversation, "one");
        var settings = new ChatSettings(new string('s', 300_000), 0.5, 7, ["end"]);
        Assert.True(await _store.ChangeAsync("anna", conversation.Id, "New", settings, null, s_none));
        Assert.False(await _store.ChangeAsync("anna", conversation.Id, "Never", null, "no-such-leaf", s_none));
        Assert.False(await _store.ChangeAsync("ben", conversation.Id, "Never", null, null, s_none));
        var found = (await _store.FindAsync("anna", conversation.Id, s_none))!.Conversation;
        Assert.Equal(("New", settings.System, 0.5, 7, "end"), (found.Title, found.Settings.System, found.Settings.Temperature, found.Settings.MaxTokens, found.Settings.Stop!.Single()));
        Assert.True(await _store.ChangeAsync("anna", conversation.Id, null, ChatSettings.Default, null, s_none));
        found = (await _store.FindAsync("anna", conversation.Id, s_none))!.Conversation;
        Assert.Equal(("New", ""), (found.Title, found.Settings.System));
    }

    [Fact]
    public async Task LongStream_IsPagedByFrames()
    {
        var id = await BeginAsync(await CreateAsync("anna"), "one");
        var facts = new AnswerFacts { StartedAt = _time.GetUtcNow() };
        for (var at = 0; at < 30; at++)
        {
            var texts = Enumerable.Range(at * 100 + 1, 100).Select(n => $"{n};").ToArray();
            await _store.SaveAsync(new AnswerProgress(id, facts, "", "", false, null, Block(at * 100 + 1, texts), false), s_none);
        }
        var sizes = new List<int>();
        var all = new StringBuilder();
        for (long? after = 0; after is not null;)
        {
            var page = await _store.FramesAsync("anna", id, after.Value, s_none);
            sizes.Add(page!.Frames.Count);
            page.Frames.ToList().ForEach(f => all.Append(Encoding.UTF8.GetString(f.Bytes)));
            after = page.Next;
        }
        Assert.Equal([1000, 1000, 1000], sizes);
        Assert.Equal(string.Concat(Enumerable.Range(1, 3000).Select(n => $"{n};")), all.ToString());
        Assert.Equal("151;", Encoding.UTF8.GetString((await _store.FramesAsync("anna", id, 150, s_none))!.Frames[0].Bytes));
    }

    [Fact]
    public async Task OldLoneAnswers_GiveWay()
    {
        var first = await BeginAloneAsync("anna");
        await _store.SaveAsync(
            new AnswerProgress(first, new AnswerFacts { StartedAt = _time.GetUtcNow(), Status = AnswerStatus.Complete }, "", "", false, null, null, false), s_none);
        for (var at = 0; at < LoneAnswersMax; at++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            var id = await BeginAloneAsync("anna");
            await _store.SaveAsync(
                new AnswerProgress(id, new AnswerFacts { StartedAt = _time.GetUtcNow(), Status = AnswerStatus.Complete }, "", "", false, null, null, false), s_none);
        }
        Assert.Null(await _store.FindAnswerAsync("anna", first, s_none));
    }

    [Fact]
    public async Task AsManyConversationsAsMayBe_RefuseTheNext()
    {
        var writes = Enumerable.Range(0, ConversationsMax).Select(_ => CreateAsync("anna"));
        await Task.WhenAll(writes);
        Assert.False(await _store.CreateAsync(New("anna"), s_none));
        Assert.True(await _store.CreateAsync(New("ben"), s_none));
    }

    private protected static FrameBlock Block(long first, params string[] texts)
    {
        var writer = new System.Buffers.ArrayBufferWriter<byte>();
        foreach (var text in texts)
        {
            FrameBlock.Write(writer, 5, Encoding.UTF8.GetBytes(text));
        }
        return new FrameBlock(first, texts.Length, FrameBlock.Pack(writer.WrittenSpan));
    }

    private Conversation New(string visitor) => new()
    {
        Id = Guid.CreateVersion7().ToString(),
        Visitor = visitor,
        Project = "default",
        Model = "m",
        Title = "",
        SessionId = "s",
        Settings = ChatSettings.Default,
        CreatedAt = _time.GetUtcNow(),
        UpdatedAt = _time.GetUtcNow(),
    };

    private protected async Task<Conversation> CreateAsync(string visitor)
    {
        var conversation = New(visitor);
        Assert.True(await _store.CreateAsync(conversation, s_none));
        return conversation;
    }

    private NewAnswer NewOf(string visitor, string? conversation, Message? question) => new(
        new AnswerIdentity(Guid.CreateVersion7().ToString(), visitor, "default", "m", conversation), new AnswerFacts { StartedAt = _time.GetUtcNow() },
        question, question?.Id, "A title", "{}", Encoding.UTF8.GetBytes("{}"));

    private protected Task<BeginOutcome> TryBeginAsync(Conversation conversation, string content, string? parent) => _store.BeginAsync(
        NewOf(conversation.Visitor, conversation.Id, new Message(Guid.CreateVersion7().ToString(), parent, Message.User, content, _time.GetUtcNow(), null)), s_none);

    private protected async Task<string> BeginAsync(Conversation conversation, string content, string? parent = null)
    {
        Assert.Equal(BeginOutcome.Begun, await TryBeginAsync(conversation, content, parent));
        return (await _store.FindAsync(conversation.Visitor, conversation.Id, s_none))!.Messages[^1].Id;
    }

    private protected async Task<string> BeginAloneAsync(string visitor)
    {
        var answer = NewOf(visitor, null, null);
        Assert.Equal(BeginOutcome.Begun, await _store.BeginAsync(answer, s_none));
        return answer.Identity.Id;
    }

    private async Task<string> FramesAsync(string visitor, string id) =>
        string.Concat((await _store.FramesAsync(visitor, id, 0, s_none))!.Frames.Select(f => Encoding.UTF8.GetString(f.Bytes)));
}
