namespace Podvirt.Messaging.Nats;

/// <summary>
/// What the connection says of itself. An object of its own, because a container disposes of what it hands out in the order in which that
/// was first asked for: the connection itself, handed out a second time by whoever looks at its health, would be closed before those who use it.
/// </summary>
internal sealed class NatsHealth(NatsClient client) : IBusHealth
{
    public bool IsConnected => client.IsConnected;

    public DateTimeOffset? LostAt => client.LostAt;

    public string Reason => client.Reason;
}
