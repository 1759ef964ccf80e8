using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Relay;

/// <summary>
/// Some hundred requests whose clients leave, and whose engines fail, at any time: whatever happens to one, no place, no
/// lease and no connection is lost, and nobody is billed twice or for what was not read.
/// </summary>
public sealed class CancelStormTests
{
    private const int Requests = 250;
    private const int Tokens = 12;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task ClientsLeaveAtRandom_NothingIsLost(int seed)
    {
        await using var a = new FakeEngine(call => MisbehaveAsync(call, Dice(seed, call.Number)));
        await using var b = new FakeEngine(call => MisbehaveAsync(call, Dice(-seed, call.Number)));
        await using var host = await GatewayHost.StartAsync(options =>
        {
            options.ReplicaSuspension = TimeSpan.FromMilliseconds(5);
            options.CommentGrace = TimeSpan.FromMilliseconds(3);
            options.CommentInterval = TimeSpan.FromMilliseconds(2);
            options.HeadTimeout = TimeSpan.FromSeconds(1);
        });
        // Few slots: most are parked at first, and every slot that comes free is fought for.
        await host.PublishAsync(Routes.Active("m", [a, b], slots: 4));

        var seen = new ConcurrentDictionary<Guid, Seen>();
        await Task.WhenAll(Enumerable.Range(0, Requests).Select(number => RequestAsync(host, Dice(seed, 100_000 + number), seen)));
        await host.NothingIsLeftAsync(a, b);

        var records = host.Outbox.Records.ToArray();
        Assert.Equal(records.Length, records.DistinctBy(record => record.Id).Count());
        Assert.True(records.Length <= Requests, $"{records.Length} records");
        var byId = records.ToDictionary(record => record.Id);
        foreach (var (id, one) in seen)
        {
            Assert.True(byId.TryGetValue(id, out var record), $"Seed {seed}: no record of {id}, which saw {one}.");
            Assert.True(!one.IsDone || record.Outcome == UsageOutcome.Completed, $"Seed {seed}: {record} was seen to end well.");
            Assert.True(one.IsDone || one.HasLeft || record.Outcome != UsageOutcome.Completed, $"Seed {seed}: {record} was not seen to end well.");
            Assert.InRange(record.Tokens.Completion, one.Tokens, Tokens);
        }
        Assert.Contains(records, record => record.Outcome == UsageOutcome.Completed);
        Assert.Contains(records, record => record.Outcome == UsageOutcome.Cancelled);
        Assert.Contains(records, record => record.Outcome == UsageOutcome.Truncated);
    }

    private static async Task RequestAsync(GatewayHost host, Random random, ConcurrentDictionary<Guid, Seen> seen)
    {
        // A third stays, a third leaves at some moment, a third in the middle of what it reads.
        var way = random.Next(3);
        using var leaving = new CancellationTokenSource();
        if (way == 1)
        {
            leaving.CancelAfter(random.Next(300));
        }
        var linesLeft = way == 2 ? random.Next(2 * Tokens) : int.MaxValue;
        Guid? id = null;
        var last = 0;
        var isDone = false;
        try
        {
            using var response = await host.Client.PostAsync(Calls.Chat, random.Next(4) == 0 ? Calls.PlainBody : Calls.StreamBody, leaving.Token);
            id = Guid.Parse(response.Headers.GetValues("x-request-id").Single());
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(leaving.Token));
            while (await reader.ReadLineAsync(leaving.Token) is { } line)
            {
                var at = line.IndexOf("\"content\":\"t", StringComparison.Ordinal);
                last = at < 0 ? last : int.Parse(line.AsSpan(at + 12, 2), CultureInfo.InvariantCulture);
                if (--linesLeft < 0)
                {
                    await leaving.CancelAsync();
                }
                isDone |= line == "data: [DONE]" || (response.StatusCode == HttpStatusCode.OK && line.EndsWith("\"whole\":true}", StringComparison.Ordinal));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or HttpRequestException or IOException)
        {
            // It left, or its connection was ended.
        }
        if (id is { } known)
        {
            seen[known] = new Seen(last, isDone, leaving.IsCancellationRequested);
        }
    }

    private static async Task MisbehaveAsync(FakeCall call, Random random)
    {
        switch (random.Next(12))
        {
            case 0:
                call.Connection.Close(reset: random.Next(2) == 0);
                return;
            case 1:
                await call.AnswerJsonAsync(503, "{}");
                return;
            case 2:
                await call.HangAsync();
                return;
            default:
                break;
        }
        if (!call.Body.Contains("\"stream\":true", StringComparison.Ordinal))
        {
            await Pause(random);
            await call.AnswerJsonAsync(200, $"{{\"usage\":{Replies.Usage(7, Tokens)},\"whole\":true}}");
            return;
        }
        var dies = random.Next(6) == 0 ? random.Next(Tokens) : int.MaxValue;
        await call.SendStreamHeadAsync();
        for (var i = 1; i <= Tokens; i++)
        {
            await Pause(random);
            if (i > dies)
            {
                call.Connection.Close(reset: random.Next(2) == 0);
                return;
            }
            await call.SendChunkAsync(Replies.Delta(string.Create(CultureInfo.InvariantCulture, $"t{i:00}"), i));
        }
        await call.SendChunkAsync(Replies.Done);
        await call.EndChunksAsync();
    }

    // Seeds beside each other begin alike: they are drawn apart first.
    private static Random Dice(int seed, int number) => new(unchecked((int)((((uint)seed * 2_654_435_761u) ^ (uint)number) * 2_246_822_519u)));

    // What makes the timing random; nothing hangs on how long it really is.
    private static Task Pause(Random random) => Task.Delay(TimeSpan.FromMilliseconds(random.Next(4)));

    /// <param name="Tokens">Of the last event that the client saw.</param>
    private sealed record Seen(int Tokens, bool IsDone, bool HasLeft);
}
