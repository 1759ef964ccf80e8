using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using Podvirt.Scheduler.Runtimes.Nomad;
using Podvirt.Scheduler.Runtimes.Nomad.Api;
using Podvirt.Testing.Net;

namespace Podvirt.Scheduler.Tests.Runtimes.Nomad.Api;

public sealed class NomadClientTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Question_CarriesTokenNamespaceAndRegion()
    {
        await using var agent = await FakeAgent.StartAsync(FakeAgent.Always(200, "[]"));
        using var client = Client(agent, options => (options.Token, options.Namespace, options.Region) = ("secret", "a b", "eu"));
        await client.JobsAsync("podvirt-", Token);
        Assert.Equal(["GET /v1/jobs?namespace=a%20b&region=eu&prefix=podvirt- secret"], agent.Requests);
    }

    [Fact]
    public async Task JobId_MayHoldSlashes()
    {
        await using var agent = await FakeAgent.StartAsync((context, _) => FakeAgent.Always(200, "{}")(context, 0));
        using var client = Client(agent);
        await client.JobAsync("a/b", Token);
        Assert.StartsWith("GET /v1/job/a%2Fb?", Assert.Single(agent.Requests), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(429, "your ip address has too many connections")]
    [InlineData(500, "No cluster leader")]
    [InlineData(503, "")]
    public async Task BusyAgent_IsAskedAgain(int status, string text)
    {
        await using var agent = await FakeAgent.StartAsync(
            (context, number) => FakeAgent.Always(number < 3 ? status : 200, number < 3 ? text : "[]")(context, number));
        using var client = Client(agent);
        Assert.Empty(await client.JobsAsync("p-", Token));
        Assert.Equal(3, agent.Requests.Count);
    }

    [Fact]
    public async Task AgentThatStaysBusy_IsGivenUp_WithItsWords()
    {
        await using var agent = await FakeAgent.StartAsync(FakeAgent.Always(500, "No cluster leader"));
        using var client = Client(agent, options => options.Attempts = 2);
        var exception = await Assert.ThrowsAsync<NomadException>(() => client.JobsAsync("p-", Token));
        Assert.Equal((NomadFailure.Unavailable, "Nomad GET /v1/jobs: No cluster leader, 2 times"), (exception.Failure, exception.Message));
        Assert.Equal(2, agent.Requests.Count);
    }

    [Fact]
    public async Task AgentThatResetsConnections_IsUnavailable()
    {
        using var agent = new ResettingServer();
        using var client = new NomadClient(new NomadOptions { Address = new Uri(agent.Address), Attempts = 1 }, TimeProvider.System);
        for (var question = 0; question < ResettingServer.Connections; question++)
        {
            var exception = await Assert.ThrowsAsync<NomadException>(() => client.JobsAsync("p-", Token));
            Assert.Equal(NomadFailure.Unavailable, exception.Failure);
        }
    }

    [Theory]
    [InlineData(500, "Enforcing job modify index 0: job already exists", NomadFailure.Conflict)]
    [InlineData(500, "rpc error: Enforcing job modify index 5: job exists with conflicting job modify index: 6", NomadFailure.Conflict)]
    [InlineData(403, "Permission denied", NomadFailure.Denied)]
    [InlineData(500, "rpc error: Permission denied", NomadFailure.Denied)]
    [InlineData(400, "Failed to parse job: no", NomadFailure.Refused)]
    public async Task Refusal_IsNotAskedAgain(int status, string text, object failure)
    {
        await using var agent = await FakeAgent.StartAsync(FakeAgent.Always(status, text));
        using var client = Client(agent);
        var exception = await Assert.ThrowsAsync<NomadException>(() => client.RegisterAsync([], 0, Token));
        Assert.Equal(failure, exception.Failure);
        Assert.Contains(text, exception.Message, StringComparison.Ordinal);
        Assert.Single(agent.Requests);
    }

    [Theory]
    [InlineData(404, "job not found")]
    [InlineData(500, "rpc error: job not found")]
    public async Task UnknownJob_IsNone(int status, string text)
    {
        await using var agent = await FakeAgent.StartAsync(FakeAgent.Always(status, text));
        using var client = Client(agent);
        Assert.Null(await client.JobAsync("gone", Token));
        await client.PurgeAsync("gone", Token);
    }

    [Fact]
    public async Task EmptyList_IsWrittenAsNull()
    {
        await using var agent = await FakeAgent.StartAsync(FakeAgent.Always(200, "null"));
        using var client = Client(agent);
        Assert.Equal((0, 7UL), ((await client.JobAllocationsAsync("j", 0, Token)).Value.Count, (await client.AllocationsAsync(0, Token)).Index));
    }

    [Fact]
    public async Task UnknownFieldsOfAJob_SurviveTheWay()
    {
        var job = """{"ID":"j","Future":{"A":[1]},"JobModifyIndex":18446744073709551615}""";
        string? sent = null;
        await using var agent = await FakeAgent.StartAsync(async (context, _) =>
        {
            sent = await new StreamReader(context.Request.Body).ReadToEndAsync(Token);
            await context.Response.WriteAsync(context.Request.Method == "GET" ? job : """{"EvalID":"e"}""", Token);
        });
        using var client = Client(agent);
        var read = await client.JobAsync("j", Token);
        await client.RegisterAsync(read!, (ulong?)read!["JobModifyIndex"] ?? 0, Token);
        Assert.True(JsonNode.DeepEquals(
            JsonNode.Parse($$"""{"Job":{{job}},"EnforceIndex":true,"JobModifyIndex":18446744073709551615}"""), JsonNode.Parse(sent!)));
    }

    [Fact]
    public async Task AgentThatHangs_IsNotWaitedForLonger()
    {
        await using var agent = await FakeAgent.StartAsync((context, _) => HangAsync(context));
        using var client = Client(agent, options => (options.RequestTimeout, options.Attempts) = (TimeSpan.FromMilliseconds(50), 1));
        var exception = await Assert.ThrowsAsync<NomadException>(() => client.JobsAsync("p-", Token));
        Assert.Equal("Nomad GET /v1/jobs: no answer within 0.1 s, 1 times", exception.Message);
    }

    [Fact]
    public async Task BlockingQuestion_SaysHowLongItWaits_AndIsWaitedForThatLong()
    {
        await using var agent = await FakeAgent.StartAsync(async (context, _) =>
        {
            await Task.Delay(TimeSpan.FromMilliseconds(150), Token);
            await context.Response.WriteAsync("[]", Token);
        });
        using var client = Client(agent, options =>
            (options.RequestTimeout, options.Attempts, options.WaitMax) = (TimeSpan.FromMilliseconds(50), 1, TimeSpan.FromSeconds(1)));
        await client.AllocationsAsync(9, Token);
        Assert.EndsWith("&index=9&wait=1000ms", Assert.Single(agent.Requests), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancelled_IsACancellation()
    {
        await using var agent = await FakeAgent.StartAsync((context, _) => HangAsync(context));
        using var client = Client(agent);
        using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.JobsAsync("p-", soon.Token));
    }

    [Fact]
    public async Task NobodyListens_IsUnavailable()
    {
        using var client = new NomadClient(
            new NomadOptions { Address = new Uri($"http://127.0.0.1:{Podvirt.Testing.Ports.Free(1)[0]}"), Attempts = 2 }, TimeProvider.System);
        var watch = Stopwatch.StartNew();
        var exception = await Assert.ThrowsAsync<NomadException>(() => client.JobsAsync("p-", Token));
        Assert.Equal(NomadFailure.Unavailable, exception.Failure);
        Assert.InRange(watch.ElapsedMilliseconds, 50, 20_000);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Events_AreReadFromBothKindsOfBody(bool isChunked)
    {
        var lines = """
            {}
            {"Index":5,"Events":[{"Topic":"Allocation","Type":"AllocationUpdated","Key":"a1","Index":5,"Payload":{"Allocation":{"ID":"a1","JobID":"p-r1","NodeID":"n1","ClientStatus":"failed","ModifyIndex":5}}}]}
            {"Index":6,"Events":null}

            """.Replace("\r", "", StringComparison.Ordinal);
        await using var agent = await FakeAgent.StartAsync(async (context, _) =>
        {
            if (!isChunked)
            {
                // Ends with its connection.
                context.Response.Headers.Connection = "close";
                context.Response.ContentLength = null;
            }

            foreach (var line in lines.Split('\n').SkipLast(1))
            {
                await context.Response.WriteAsync(line + "\n", Token);
                await context.Response.Body.FlushAsync(Token);
            }
        });
        using var client = Client(agent);
        var seen = new List<EventLine>();
        await foreach (var line in client.EventsAsync("topic=Allocation", Token))
        {
            seen.Add(line);
        }

        Assert.Equal([0UL, 5UL, 6UL], seen.Select(line => line.Index));
        Assert.Equal(("a1", "failed"), (seen[1].Events![0].Payload!.Allocation!.ID, seen[1].Events![0].Payload!.Allocation!.ClientStatus));
    }

    [Fact]
    public async Task EventStreamThatIsNotAnswered_IsUnavailable()
    {
        var time = new FakeTimeProvider();
        await using var agent = await FakeAgent.StartAsync((context, _) =>
        {
            time.Advance(TimeSpan.FromHours(1));
            return HangAsync(context);
        });
        using var client = new NomadClient(new NomadOptions { Address = agent.Address }, time);
        var exception = await Assert.ThrowsAsync<NomadException>(async () =>
        {
            await foreach (var _ in client.EventsAsync("topic=Allocation", Token))
            {
                Assert.Fail("An event of an agent that says nothing.");
            }
        });
        Assert.Equal(NomadFailure.Unavailable, exception.Failure);
    }

    [Theory]
    [InlineData(404)]
    [InlineData(405)]
    public async Task AgentWithoutEvents_SaysSo(int status)
    {
        await using var agent = await FakeAgent.StartAsync(FakeAgent.Always(status, "Invalid method"));
        using var client = Client(agent);
        var exception = await Assert.ThrowsAsync<NomadException>(async () =>
        {
            await foreach (var _ in client.EventsAsync("topic=Allocation", Token))
            {
                Assert.Fail("An event of an agent that has none.");
            }
        });
        Assert.Equal(NomadFailure.NotFound, exception.Failure);
    }

    private static Task HangAsync(HttpContext context) =>
        Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);

    private static NomadClient Client(FakeAgent agent, Action<NomadOptions>? change = null)
    {
        var options = new NomadOptions { Address = agent.Address };
        change?.Invoke(options);
        return new NomadClient(options, TimeProvider.System);
    }

    [Theory]
    [InlineData("own", true)]
    [InlineData("system", false)]
    [InlineData("another", false)]
    public async Task Tls_TrustsTheAuthorityThatIsNamed_AndShowsTheClientsCertificate(string authority, bool isTrusted)
    {
        using var pki = new TestPki();
        await using var agent = await TlsAgent.StartAsync(pki);
        var options = new NomadOptions
        {
            Address = agent.Address,
            TlsServerName = "server.global.nomad",
            CaFile = authority switch { "own" => pki.Authority, "another" => pki.OtherAuthority, _ => null },
            CertFile = pki.Client,
            KeyFile = pki.ClientKey,
            Attempts = 1,
        };
        using var client = new NomadClient(options, TimeProvider.System);
        if (isTrusted)
        {
            Assert.Empty(await client.JobsAsync("p-", Token));
            Assert.Equal("CN=podvirt", agent.ClientName);
        }
        else
        {
            var exception = await Assert.ThrowsAsync<NomadException>(() => client.JobsAsync("p-", Token));
            Assert.Contains("The remote certificate is invalid", exception.Message, StringComparison.Ordinal);
        }
    }
}
