using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Podvirt.Core.Projects;
using Podvirt.Gateway.Routing;
using Podvirt.Gateway.Tests.Fixtures;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Tests.Admission.Quotas;

/// <summary>Whole gateways with all that runs in them, which share slots and limits.</summary>
public sealed class PeersTests
{
    [Fact]
    public async Task TwoGateways_ServeAsOne_AndHaveOneLimit()
    {
        await using var engine = new FakeEngine();
        await using var first = await GatewayHost.StartAsync(options => options.HasPeers = true);
        await using var second = await GatewayHost.StartAsync(options => options.HasPeers = true, services =>
        {
            services.AddSingleton<IStateStore>(first.Store);
            services.AddSingleton(first.Services.GetRequiredService<ILeases>());
        });
        await first.PublishAsync(Routes.Active("m", [engine]));
        await second.PublishAsync(Routes.Active("m", [engine]));
        await first.LimitKeyAsync(key => key with { RequestsPerMinute = 2 });
        await second.LimitKeyAsync(key => key with { RequestsPerMinute = 2 });
        var plan = new Plan { Id = "plan", TokensPerMonth = new ModelLimits(1_000_000, ModelLimits.None.Models) };
        await first.PlanAsync(plan);
        await second.PlanAsync(plan);

        var answers = new List<HttpStatusCode>();
        for (var i = 0; i < 2; i++)
        {
            using var reply = await (i % 2 == 0 ? first : second).PlainAsync();
            await reply.TextAsync();
            answers.Add(reply.StatusCode);
        }
        Assert.All(answers, status => Assert.Equal(HttpStatusCode.OK, status));
        await first.PlainAsync().ErrorAsync(HttpStatusCode.TooManyRequests, "rate_limit_exceeded");
        await second.PlainAsync().ErrorAsync(HttpStatusCode.TooManyRequests, "rate_limit_exceeded");
        Assert.Equal(
            8, new[] { first, second }.Sum(host => host.Services.GetRequiredService<RouteDirectory>().FindReplica("m-0")!.Value.Replica.Held));
    }
}
