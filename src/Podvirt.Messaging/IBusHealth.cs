namespace Podvirt.Messaging;

/// <summary>Whether what is published now can reach anybody.</summary>
public interface IBusHealth
{
    bool IsConnected { get; }

    /// <summary>UTC, since when it is not connected; null while it is.</summary>
    DateTimeOffset? LostAt { get; }
}
