using Podvirt.Core.Messages;
using Podvirt.Core.Replicas;
using Podvirt.Gateway.Videos.Engine;
using Podvirt.Testing.Net;

namespace Podvirt.Gateway.Tests.Videos;

public sealed class VideoEngineTests
{
    [Fact]
    public async Task EngineThatResetsConnections_IsInTrouble()
    {
        using var server = new ResettingServer();
        using var engine = new VideoEngine(new GatewayOptions(), TimeProvider.System);
        var replica = Replica(server.Address);
        for (var question = 0; question < ResettingServer.Connections; question++)
        {
            var answer = await engine.ShowAsync(replica, "v1", TestContext.Current.CancellationToken);
            Assert.Equal((AnswerKind.Trouble, TroubleKind.Died), (answer.Kind, answer.Trouble));
        }
    }

    [Fact]
    public async Task EngineThatTakesNoConnections_IsUnreachable()
    {
        using var server = new DeafListener(acceptsConnections: false);
        using var engine = new VideoEngine(new GatewayOptions { ConnectTimeout = TimeSpan.FromMilliseconds(100) }, TimeProvider.System);
        var answer = await engine.ShowAsync(Replica(server.Address), "v1", TestContext.Current.CancellationToken);
        Assert.Equal((AnswerKind.Trouble, TroubleKind.Unreachable), (answer.Kind, answer.Trouble));
    }

    private static ReplicaRoute Replica(string address) => new("r1", address, "key", "m", Revision: 1, Slots: 1, ReplicaState.Active, [], "H100");
}
