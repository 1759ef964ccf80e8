using System.Net;
using System.Net.Sockets;
using Podvirt.Testing.Nomad;

namespace Podvirt.Scheduler.Tests.NomadDoubles;

public sealed class FaultTests
{
    [Fact]
    public async Task FaultsArmed_BreakAsManyRequestsOfThatRouteAndNoOther()
    {
        await using var nomad = await NomadDouble.StartAsync();
        using var calls = new NomadCalls(nomad);
        nomad.TooManyRequests(1, "GET /v1/job/:id");
        nomad.ServerErrors(1, "GET /v1/nodes");
        nomad.Drop(1, "GET /v1/status/leader");

        var other = await calls.SendAsync(HttpMethod.Get, "/v1/jobs");
        var many = await calls.SendAsync(HttpMethod.Get, "/v1/job/a");
        var error = await calls.SendAsync(HttpMethod.Get, "/v1/nodes");
        await Assert.ThrowsAsync<HttpRequestException>(() => calls.SendAsync(HttpMethod.Get, "/v1/status/leader"));

        Assert.Equal(HttpStatusCode.OK, other.Status);
        Assert.Equal(HttpStatusCode.TooManyRequests, many.Status);
        Assert.True(many.Headers.ConnectionClose);
        Assert.Equal((HttpStatusCode.InternalServerError, "rpc error: No cluster leader"), (error.Status, error.Text));
        Assert.Equal(HttpStatusCode.OK, (await calls.SendAsync(HttpMethod.Get, "/v1/nodes")).Status);
        Assert.Equal(2, nomad.Requests("GET /v1/nodes"));
        Assert.Equal(1, nomad.Requests("GET /v1/job/:id"));
    }

    [Fact]
    public async Task ShareOfRequests_IsExact()
    {
        await using var nomad = await NomadDouble.StartAsync();
        using var calls = new NomadCalls(nomad);
        nomad.ServerErrors(-1, "GET /v1/jobs", share: 0.25);

        var failed = 0;
        for (var i = 0; i < 20; i++)
        {
            failed += (await calls.SendAsync(HttpMethod.Get, "/v1/jobs")).Status == HttpStatusCode.OK ? 0 : 1;
        }
        nomad.ClearFaults();

        Assert.Equal(5, failed);
        Assert.Equal(HttpStatusCode.OK, (await calls.SendAsync(HttpMethod.Get, "/v1/jobs")).Status);
    }

    [Fact]
    public async Task HungRequest_IsNeverAnsweredAndHoldsNobodyUp()
    {
        var nomad = await NomadDouble.StartAsync();
        using var calls = new NomadCalls(nomad);
        nomad.Hang(1, "GET /v1/jobs");

        var hung = calls.SendAsync(HttpMethod.Get, "/v1/jobs");
        await calls.GetAsync("/v1/nodes");

        Assert.False(hung.IsCompleted);
        await nomad.DisposeAsync();
        await Assert.ThrowsAsync<HttpRequestException>(() => hung);
    }

    [Fact]
    public async Task ConnectionsOverTheLimit_AreAnsweredTooManyAndClosed()
    {
        await using var nomad = await NomadDouble.StartAsync(new NomadDoubleOptions { ConnectionsMax = 2 });
        using var first = await ConnectAsync(nomad);
        using var second = await ConnectAsync(nomad);
        using var third = await ConnectAsync(nomad);

        using var reader = new StreamReader(third.GetStream());
        var answer = await reader.ReadToEndAsync();

        Assert.StartsWith("HTTP/1.1 429 ", answer, StringComparison.Ordinal);
        Assert.Contains("too many concurrent connections", answer, StringComparison.Ordinal);
        Assert.Equal(3, nomad.ConnectionsMost);
    }

    /// <summary>Returns when the agent has counted it.</summary>
    private static async Task<TcpClient> ConnectAsync(NomadDouble nomad)
    {
        var before = nomad.ConnectionsMost;
        var client = new TcpClient();
        await client.ConnectAsync(nomad.Address.Host, nomad.Address.Port);
        Assert.True(SpinWait.SpinUntil(() => nomad.ConnectionsMost > before, TimeSpan.FromSeconds(5)));
        return client;
    }
}
