using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Podvirt.Testing.Balancers;

namespace Podvirt.FunctionalTests.Balancers;

/// <summary>The files for nginx and HAProxy in <c>samples/Balancers</c> do what docs/operations.md says of them.</summary>
public sealed class BalancerTests
{
    private const int Pieces = 20;

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);
    private static readonly byte[] s_piece = "data: {}\n\n"u8.ToArray();

    public static TheoryData<string> Programs => ["nginx", "haproxy"];

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task Stream_ReachesTheClientPieceByPiece(string program)
    {
        using var read = new SemaphoreSlim(0);
        await using var gateway = await ScriptedGateway.StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            for (var i = 0; i < Pieces; i++)
            {
                await context.Response.Body.WriteAsync(s_piece);
                await context.Response.Body.FlushAsync();
                // Nothing more goes out before the client has all of this one.
                await read.WaitAsync(context.RequestAborted);
            }
        });
        await using var balancer = await StartAsync(program, gateway);
        using var client = Client(balancer);
        using var response = await client.GetAsync("v1/stream", HttpCompletionOption.ResponseHeadersRead);
        await using var body = await response.Content.ReadAsStreamAsync();
        using var limit = new CancellationTokenSource(s_limit);
        var piece = new byte[s_piece.Length];
        for (var i = 0; i < Pieces; i++)
        {
            await body.ReadExactlyAsync(piece, limit.Token);
            Assert.Equal(s_piece, piece);
            read.Release();
        }
        Assert.Equal(0, await body.ReadAsync(piece, limit.Token));
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task Body_ReachesTheGatewayAsItComes(string program)
    {
        using var taken = new SemaphoreSlim(0);
        await using var gateway = await ScriptedGateway.StartAsync(async context =>
        {
            var piece = new byte[s_piece.Length];
            for (var i = 0; i < Pieces; i++)
            {
                await context.Request.Body.ReadExactlyAsync(piece, context.RequestAborted);
                taken.Release();
            }
        });
        await using var balancer = await StartAsync(program, gateway);
        using var client = Client(balancer);
        using var content = new PacedContent(s_piece, Pieces, taken);
        using var response = await client.PostAsync("v1/body", content);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task ClientLeaves_GatewayIsTold(string program)
    {
        var left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var gateway = await ScriptedGateway.StartAsync(async context =>
        {
            context.RequestAborted.Register(left.SetResult);
            await context.Response.Body.WriteAsync(s_piece);
            await context.Response.Body.FlushAsync();
            await left.Task;
        });
        await using var balancer = await StartAsync(program, gateway);
        using var client = Client(balancer);
        using (await client.GetAsync("v1/stream", HttpCompletionOption.ResponseHeadersRead))
        {
            Assert.False(left.Task.IsCompleted);
        }
        await left.Task.WaitAsync(s_limit);
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task GatewayDiesWithARequest_ItIsNotSentAgain(string program)
    {
        await using var gateway = await ScriptedGateway.StartAsync(async context =>
        {
            await context.Request.Body.CopyToAsync(Stream.Null);
            context.Abort();
        });
        await using var balancer = await StartAsync(program, gateway, gateway);
        using var client = Client(balancer);
        using var response = await client.PostAsync("v1/chat/completions", new StringContent("{}"));
        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        await AssertErrorAsync(response);
        Assert.Equal(1, gateway.Requests);
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task GatewaysRefuseConnections_AnotherIsAskedWhileThereIsOne(string program)
    {
        var gateway = await ScriptedGateway.StartAsync(static context => context.Response.WriteAsync("ok"));
        await using var balancer = await StartAsync(program, gateway);
        using var client = Client(balancer);
        for (var i = 0; i < Pieces; i++)
        {
            using var answer = await client.PostAsync("v1/chat/completions", new StringContent("{}"));
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        await gateway.DisposeAsync();
        using var response = await client.PostAsync("v1/chat/completions", new StringContent("{}"));
        Assert.Contains(response.StatusCode, new[] { HttpStatusCode.BadGateway, HttpStatusCode.ServiceUnavailable });
        await AssertErrorAsync(response);
    }

    /// <param name="other">Null: one that refuses connections.</param>
    private static Task<Balancer> StartAsync(string program, ScriptedGateway gateway, ScriptedGateway? other = null)
    {
        var ports = Ports.Free(2);
        var address = new Uri($"http://127.0.0.1:{ports[0]}");
        Uri[] gateways = [other?.Address ?? new Uri($"http://127.0.0.1:{ports[1]}"), gateway.Address];
        return program == "nginx" ? Balancer.StartNginxAsync(address, gateways) : Balancer.StartHaproxyAsync(address, gateways);
    }

    private static HttpClient Client(Balancer balancer) =>
        new(new SocketsHttpHandler { ResponseDrainTimeout = TimeSpan.Zero }) { BaseAddress = balancer.Address, Timeout = s_limit };

    private static async Task AssertErrorAsync(HttpResponseMessage response)
    {
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal(TimeSpan.FromSeconds(1), response.Headers.RetryAfter?.Delta);
        var error = JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!.AsObject();
        Assert.Equal("gateway_lost", (string?)error["code"]);
        Assert.Equal(["code", "message", "param", "type"], error.Select(static p => p.Key).Order(StringComparer.Ordinal));
    }
}
