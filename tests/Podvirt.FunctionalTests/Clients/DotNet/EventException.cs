namespace Podvirt.FunctionalTests.Clients.DotNet;

/// <summary>An error that a library hands over as an event, and not as an exception.</summary>
internal sealed class EventException(string? code, string message) : Exception(message)
{
    public string? Code => code;
}
