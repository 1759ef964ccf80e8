using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Podvirt.Chats;

namespace Podvirt.Tests.Chats;

public sealed class AnswerFeedTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task SlowReader_GetsFewerAndLargerDeltas()
    {
        var state = NewState();
        var client = new SlowClient();
        var following = Feed(client).FollowAsync(state);
        await client.BlockedAsync();

        // It takes nothing, and nothing is queued for it.
        var all = new StringBuilder();
        for (var at = 0; at < 10_000; at++)
        {
            state.Answer($"{at} ");
            state.Publish();
            all.Append(at).Append(' ');
        }
        client.Release();
        state.Set(state.Facts with { Status = AnswerStatus.Complete });
        state.Publish(isOver: true);
        await following.WaitAsync(s_limit);
        var followed = client.Followed();
        Assert.Equal(all.ToString(), followed.Text);
        Assert.InRange(followed.Events.Count, 3, 6);
        Assert.True(followed.HasEnded);
    }

    [Fact]
    public async Task TextThatWasThinking_ComesAsASnapshot()
    {
        var state = NewState();
        var client = new SlowClient();
        client.Release();
        var following = Feed(client).FollowAsync(state);
        state.Answer("Let me see.");
        state.Publish();
        await ChatApp.UntilAsync(() => Task.FromResult(client.Followed().Text == "Let me see."), "It was not told.");
        state.AnswerWasThinking();
        state.Answer("Yes");
        state.Set(state.Facts with { Status = AnswerStatus.Complete });
        state.Publish(isOver: true);
        await following.WaitAsync(s_limit);
        var followed = client.Followed();
        Assert.Equal(("Yes", "Let me see."), (followed.Text, followed.Thinking));
        Assert.Equal(2, followed.Events.Count(e => (string)e["type"]! == "snapshot"));
    }

    [Fact]
    public async Task StateEvents_CarryWhatChangedOnly()
    {
        var state = NewState();
        var client = new SlowClient();
        client.Release();
        var following = Feed(client).FollowAsync(state);
        state.Set(state.Facts with { Wait = new AnswerWait("queued", null, null) });
        state.Publish();
        await ChatApp.UntilAsync(() => Task.FromResult(client.Followed().Events.Count == 2), "It was not told.");
        Assert.Equal("""{"type":"state","answer":{"wait":{"kind":"queued","phase":null,"eta_ms":null}}}""", client.Followed().Events[1].ToJsonString());
        state.Publish(isOver: true);
        await following.WaitAsync(s_limit);
        var end = client.Followed().Events[^1]["answer"]!.AsObject();
        Assert.False(end.ContainsKey("text") || end.ContainsKey("thinking"));
        Assert.Equal("a", (string)end["id"]!);
    }

    [Fact]
    public async Task HalfACharacter_WaitsForItsOtherHalf()
    {
        var state = NewState();
        var client = new SlowClient();
        client.Release();
        var following = Feed(client).FollowAsync(state);
        state.Answer("a\ud83d");
        state.Publish();
        await ChatApp.UntilAsync(() => Task.FromResult(client.Followed().Text.Length > 0), "It was not told.");
        Assert.Equal("a", client.Followed().Text);
        state.Answer("\ude80");
        state.Publish(isOver: true);
        await following.WaitAsync(s_limit);
        Assert.Equal("a🚀", client.Followed().Text);
    }

    private static AnswerState NewState() =>
        new(new AnswerIdentity("a", "admin", "default", "m", null), new AnswerFacts { StartedAt = DateTimeOffset.UnixEpoch });

    private static AnswerFeed Feed(SlowClient client)
    {
        var context = new DefaultHttpContext();
        context.Response.Body = client;
        return new AnswerFeed(context.Response, TimeProvider.System, CancellationToken.None);
    }

    /// <summary>Takes nothing until it is released.</summary>
    private sealed class SlowClient : MemoryStream
    {
        private readonly TaskCompletionSource _blocked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Lock _gate = new();

        public Task BlockedAsync() => _blocked.Task.WaitAsync(s_limit);

        public void Release() => _released.TrySetResult();

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _blocked.TrySetResult();
            await _released.Task.WaitAsync(cancellationToken);
            lock (_gate)
            {
                Write(buffer.Span);
            }
        }

        public override async Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            await WriteAsync(buffer.AsMemory(offset, count), cancellationToken);

        public FollowedAnswer Followed()
        {
            string text;
            lock (_gate)
            {
                text = Encoding.UTF8.GetString(ToArray());
            }
            var followed = new FollowedAnswer();
            foreach (var part in text.Split("\n\n").SkipLast(1).Where(p => p.StartsWith("data: ", StringComparison.Ordinal)))
            {
                followed.Take(JsonNode.Parse(part["data: ".Length..])!.AsObject());
            }
            return followed;
        }
    }
}
