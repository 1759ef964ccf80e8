using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Gateway.Admission;
using Podvirt.Gateway.Playground;

namespace Podvirt.Chats;

/// <summary>Begins a call of the gateway.</summary>
internal delegate PlaygroundCall BeginCall(Caller caller, IEnumerable<KeyValuePair<string, string>> headers, ReadOnlyMemory<byte> body);

/// <summary>What answers are made with.</summary>
internal sealed partial class AnswerJobServices(
    BeginCall call, IConversationStore store, AnswerBills bills, TimeProvider time, IHostApplicationLifetime lifetime, ILogger<AnswerJobServices> logger)
{
    public BeginCall Call => call;

    public IConversationStore Store => store;

    public AnswerBills Bills => bills;

    public TimeProvider Time => time;

    public CancellationToken Stopping => lifetime.ApplicationStopping;

    [LoggerMessage(5122, LogLevel.Error, "Answer {Id} failed")]
    public partial void LogFailed(Exception error, string id);

    [LoggerMessage(5123, LogLevel.Error, "Answer {Id} could not be saved; it goes on, and is saved as soon as that is possible")]
    public partial void LogNotSaved(Exception error, string id);
}
