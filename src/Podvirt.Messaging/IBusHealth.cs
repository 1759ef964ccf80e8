namespace Podvirt.Messaging;

/// <summary>Whether this process hears the others: bus, leases and state store have one connection.</summary>
public interface IBusHealth
{
    bool IsConnected { get; }

    /// <summary>UTC, since when it has been cut off; null while it is connected.</summary>
    DateTimeOffset? LostAt { get; }

    /// <summary>Why, in words for people; empty while it is connected, and where nothing is known.</summary>
    string Reason { get; }
}
