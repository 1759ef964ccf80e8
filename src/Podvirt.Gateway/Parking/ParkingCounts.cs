namespace Podvirt.Gateway.Parking;

/// <summary>
/// What became of all requests that one model ever parked: <see cref="Came"/> is the sum of the others and of those that
/// wait now.
/// </summary>
internal record struct ParkingCounts
{
    public long Came;

    /// <summary>Got a slot of a replica.</summary>
    public long Granted;

    /// <summary>Their clients left.</summary>
    public long Left;

    /// <summary>Waited as long as they may.</summary>
    public long TimedOut;

    /// <summary>The model failed or left the catalog, or the gateway shuts down.</summary>
    public long Refused;

    /// <summary>Found the queue full. Not among those that came.</summary>
    public long TurnedAway;
}
