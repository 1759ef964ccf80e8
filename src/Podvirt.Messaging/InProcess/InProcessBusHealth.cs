namespace Podvirt.Messaging.InProcess;

/// <summary>A process is never cut off from itself.</summary>
internal sealed class InProcessBusHealth : IBusHealth
{
    public bool IsConnected => true;

    public DateTimeOffset? LostAt => null;

    public string Reason => "";
}
