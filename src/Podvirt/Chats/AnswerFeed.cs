using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Podvirt.Api;

namespace Podvirt.Chats;

/// <summary>
/// Writes one answer to one reader, as server-sent events: <c>snapshot</c> (all there is; again where text turned out to be
/// thinking), <c>delta</c> (what was added), <c>state</c> (other members that changed), <c>end</c>. A slow reader gets fewer, larger ones.
/// </summary>
internal sealed class AnswerFeed(HttpResponse response, TimeProvider time, CancellationToken cancellationToken)
{
    /// <summary>Shorter than the idle time-outs of common proxies.</summary>
    private static readonly TimeSpan _keepAlive = TimeSpan.FromSeconds(15);

    /// <summary>What comes within this time travels together: faster than eyes see.</summary>
    private static readonly TimeSpan _coalesce = TimeSpan.FromMilliseconds(40);

    /// <summary>Counts grow with every token: told alone, no more often than can be read.</summary>
    private static readonly TimeSpan _countEvery = TimeSpan.FromMilliseconds(250);

    private static readonly string[] _counts = ["usage", "thinking_tokens"];

    public async Task FollowAsync(AnswerState state)
    {
        var news = state.Read(null);
        await WriteSnapshotAsync(state.Identity, news);
        var shown = Members(news.Facts);
        var sentAt = time.GetTimestamp();
        var toldAt = sentAt;
        while (!news.IsOver)
        {
            try
            {
                await state.Changed(news.Version).WaitAsync(_keepAlive, time, cancellationToken);
            }
            catch (TimeoutException)
            {
                await response.Body.WriteAsync(": keep-alive\n\n"u8.ToArray(), cancellationToken);
                await response.Body.FlushAsync(cancellationToken);
                continue;
            }
            if (_coalesce - time.GetElapsedTime(sentAt) is { Ticks: > 0 } left)
            {
                await Task.Delay(left, time, cancellationToken);
            }
            var place = news.Place;
            news = state.Read(place);
            if (news.IsRewritten)
            {
                await WriteSnapshotAsync(state.Identity, news);
            }
            else if (news.Text.Length > 0 || news.Thinking.Length > 0)
            {
                await WriteAsync(new Delta("delta", OrNull(news.Text), OrNull(news.Thinking)));
            }
            sentAt = time.GetTimestamp();
            var members = Members(news.Facts);
            var changes = Changes(shown, members);
            if (changes.Any(c => !_counts.Contains(c.Key)) || (changes.Count > 0 && time.GetElapsedTime(toldAt) >= _countEvery))
            {
                await WriteAsync(new StateChange("state", changes));
                (shown, toldAt) = (members, sentAt);
            }
        }
        await EndAsync(state.ToStored());
    }

    /// <summary>Of an answer that is over.</summary>
    public async Task ReplayAsync(StoredAnswer answer)
    {
        await WriteAsync(new Whole("snapshot", AnswerView.Of(answer)));
        await EndAsync(answer);
    }

    private static string? OrNull(string text) => text.Length > 0 ? text : null;

    private static JsonObject Members(AnswerFacts facts) => JsonSerializer.SerializeToNode(facts, ApiJson.Options)!.AsObject();

    private static JsonObject Changes(JsonObject before, JsonObject after)
    {
        var changes = new JsonObject();
        foreach (var (name, value) in after)
        {
            if (!JsonNode.DeepEquals(value, before[name]))
            {
                changes[name] = value?.DeepClone();
            }
        }
        return changes;
    }

    private Task WriteSnapshotAsync(AnswerIdentity identity, AnswerNews news) =>
        WriteAsync(new Whole("snapshot", AnswerView.Of(new StoredAnswer(identity, news.Facts, news.Text, OrNull(news.Thinking)))));

    private async Task EndAsync(StoredAnswer answer)
    {
        var members = JsonSerializer.SerializeToNode(AnswerView.Of(answer), ApiJson.Options)!.AsObject();
        members.Remove("text");
        members.Remove("thinking");
        await WriteAsync(new StateChange("end", members));
        await response.Body.FlushAsync(cancellationToken);
    }

    private async Task WriteAsync<T>(T value)
    {
        await response.Body.WriteAsync("data: "u8.ToArray(), cancellationToken);
        await response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(value, ApiJson.Options), cancellationToken);
        await response.Body.WriteAsync("\n\n"u8.ToArray(), cancellationToken);
        await response.Body.FlushAsync(cancellationToken);
    }

    private sealed record Whole(string Type, AnswerView Answer);

    private sealed record Delta(
        string Type,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Text,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Thinking);

    private sealed record StateChange(string Type, JsonObject Answer);
}
