namespace Podvirt.Messaging.Nats;

/// <summary>What the server has to take.</summary>
internal static class NatsLimits
{
    /// <summary>The largest value of the state store, and room for a subject and headers.</summary>
    public const int PayloadBytesWanted = StateKeys.ValueBytesMax + (16 * 1024);
}

/// <summary>Error codes of JetStream: https://github.com/nats-io/nats-server/blob/main/server/errors.json.</summary>
internal static class JetStreamErrors
{
    public const int MessageNotFound = 10037;
    public const int StreamNotFound = 10059;
    public const int NameInUse = 10058;
    public const int WrongLastSequence = 10071;
}
