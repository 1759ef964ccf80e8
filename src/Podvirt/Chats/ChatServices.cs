using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Chats.Sqlite;
using Podvirt.Gateway.Playground;
using Podvirt.Metering.Ledger;

namespace Podvirt.Chats;

/// <summary>The console's chat as services. Behind the gateway in the order of starting: it stops before it.</summary>
internal static class ChatServices
{
    public static void Add(IServiceCollection services, string dataDirectory)
    {
        services.AddSingleton<IConversationStore>(p => SqliteConversationStore.Open(
            dataDirectory, p.GetRequiredService<TimeProvider>(), p.GetRequiredService<ILogger<SqliteConversationStore>>()));
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
