namespace Podvirt.Messaging.InProcess;

/// <summary>The bus within a process is there as long as the process is.</summary>
internal sealed class ConnectedBus : IBusHealth
{
    public bool IsConnected => true;

    public DateTimeOffset? LostAt => null;
}
