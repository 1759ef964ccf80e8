using System.Text;
using Podvirt.Core.Requests;
using Podvirt.Gateway.Affinity;

namespace Podvirt.Gateway.Tests.Affinity;

public sealed class RendezvousTests
{
    private const int Sessions = 10_000;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(16)]
    public void ReplicaAdded_MovesOnlyItsOwnShare(int replicas)
    {
        var hashes = Enumerable.Range(0, replicas + 1).Select(i => SessionHash.OfText($"replica-{i}")).ToArray();
        var moved = 0;
        for (var i = 0; i < Sessions; i++)
        {
            var session = SessionHash.OfHeader("p", $"session-{i}");
            var before = Best(session, hashes.AsSpan(0, replicas));
            var after = Best(session, hashes);
            if (before != after)
            {
                Assert.Equal(replicas, after);
                moved++;
            }
        }
        var share = (double)Sessions / (replicas + 1);
        Assert.InRange(moved, share * 0.85, share * 1.15);
    }

    [Fact]
    public void Sessions_SpreadEvenly()
    {
        var hashes = Enumerable.Range(0, 8).Select(i => SessionHash.OfText($"replica-{i}")).ToArray();
        var counts = new int[8];
        for (var i = 0; i < Sessions; i++)
        {
            counts[Best(SessionHash.OfHeader("p", $"session-{i}"), hashes)]++;
        }
        Assert.All(counts, count => Assert.InRange(count, (Sessions / 8) * 0.85, (Sessions / 8) * 1.15));
    }

    [Fact]
    public void SameSessionIdInAnotherProject_IsAnotherSession() =>
        Assert.NotEqual(SessionHash.OfHeader("a", "s"), SessionHash.OfHeader("b", "s"));

    [Fact]
    public void ConversationThatGrows_KeepsItsHash()
    {
        const string First = """{"role":"system","content":"Be kind."},{"role":"user","content":"Hello"}""";
        const string Second = First + """,{"role":"assistant","content":"Hi!"},{"role":"user","content":"More"}""";
        Assert.Equal(HashOf("k", First), HashOf("k", Second));
        Assert.NotEqual(HashOf("k", First), HashOf("other", First));
        Assert.NotEqual(HashOf("k", First), HashOf("k", First.Replace("Hello", "Hullo", StringComparison.Ordinal)));
        Assert.NotEqual(HashOf("k", First), HashOf("k", First.Replace("kind", "rude", StringComparison.Ordinal)));
    }

    [Fact]
    public void PromptThatGrows_KeepsItsHashFromItsFirst256BytesOn()
    {
        var prompt = new string('a', 300);
        Assert.Equal(HashOfPrompt(prompt), HashOfPrompt(prompt + " and more"));
        Assert.NotEqual(HashOfPrompt(prompt), HashOfPrompt("b" + prompt));
        Assert.NotEqual(HashOfPrompt("short"), HashOfPrompt("shirt"));
    }

    private static ulong HashOfPrompt(string prompt)
    {
        var body = Encoding.UTF8.GetBytes($$"""{"model":"m","prompt":"{{prompt}}"}""");
        Assert.Null(RequestPeeker.Peek(body, RequestSurface.Completions, out var request));
        return SessionHash.OfConversation("k", body, request, SessionHash.PromptBytesMax);
    }

    private static ulong HashOf(string key, string messages)
    {
        var body = Encoding.UTF8.GetBytes($$"""{"model":"m","messages":[{{messages}}]}""");
        Assert.Null(RequestPeeker.Peek(body, RequestSurface.ChatCompletions, out var request));
        return SessionHash.OfConversation(key, body, request);
    }

    private static int Best(ulong session, ReadOnlySpan<ulong> replicas)
    {
        var best = 0;
        for (var i = 1; i < replicas.Length; i++)
        {
            if (Rendezvous.Score(session, replicas[i]) > Rendezvous.Score(session, replicas[best]))
            {
                best = i;
            }
        }
        return best;
    }
}
