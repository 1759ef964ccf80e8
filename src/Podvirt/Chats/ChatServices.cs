using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Chats.Sqlite;
using Podvirt.Chats.StateStore;
using Podvirt.Gateway.Playground;
using Podvirt.Messaging;
using Podvirt.Messaging.Owners;
using Podvirt.Metering.Ledger;

namespace Podvirt.Chats;

/// <summary>The console's chat as services. Behind the gateway in the order of starting: it stops before it.</summary>
internal static class ChatServices
{
    /// <summary>With the conversations in a file of this server's.</summary>
    public static void Add(IServiceCollection services, string dataDirectory)
    {
        services.AddSingleton<IConversationStore>(p => SqliteConversationStore.Open(
            dataDirectory, p.GetRequiredService<TimeProvider>(), p.GetRequiredService<ILogger<SqliteConversationStore>>()));
        services.AddSingleton<IAnswerPeers, NoPeers>();
        AddChats(services);
    }

    /// <summary>
    /// With the conversations in the state store, for all gateways that share it. Needs <see cref="ILeases"/> and <see cref="IOwners"/> of
    /// the same, the latter started before.
    /// </summary>
    public static void AddShared(IServiceCollection services)
    {
        services.AddSingleton<StateBlobs>();
        services.AddSingleton<SharedAnswers>();
        services.AddSingleton<IConversationStore>(p => new SharedConversationStore(
            p.GetRequiredService<IStateStore>(), p.GetRequiredService<ILeases>(), p.GetRequiredService<IOwners>(), p.GetRequiredService<SharedAnswers>(),
            p.GetRequiredService<StateBlobs>()));
        services.AddSingleton<SharedAnswerPeers>();
        services.AddSingleton<IAnswerPeers>(p => p.GetRequiredService<SharedAnswerPeers>());
        AddChats(services);
        services.AddHostedService(p => p.GetRequiredService<SharedAnswerPeers>());
    }

    private static void AddChats(IServiceCollection services)
    {
        services.AddSingleton(p => new AnswerBills(p.GetRequiredService<ILedger>().FindAsync, p.GetRequiredService<TimeProvider>()));
        services.AddSingleton<BeginCall>(p => p.GetRequiredService<PlaygroundCaller>().Begin);
        services.AddSingleton<AnswerJobServices>();
        services.AddSingleton<AnswerRuns>();
        services.AddSingleton<AnswerStarter>();
        services.AddSingleton<VisitorChats>();
        services.AddSingleton<ChatChecks>();
        services.AddSingleton<ConversationEndpoints>();
        services.AddSingleton<AnswerEndpoints>();
        services.AddHostedService(p => p.GetRequiredService<AnswerRuns>());
        services.AddHostedService<ChatSweep>();
    }
}
