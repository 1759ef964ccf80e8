namespace Podvirt.Server.Client;

/// <summary>A command cannot do its work. The message is all that its user gets to see.</summary>
internal sealed class CommandFailure(string message, int exitCode = ExitCodes.Failed) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}

internal static class ExitCodes
{
    public const int Ok = 0;
    public const int Failed = 1;

    /// <summary>Wrong arguments, or a configuration that is not valid.</summary>
    public const int Usage = 2;

    /// <summary>Stopped by a second signal: 128 + SIGINT, as shells count.</summary>
    public const int Interrupted = 130;
}
