namespace Podvirt.Gateway.Admission;

/// <summary>On whose account a request runs.</summary>
/// <param name="Project">Who pays.</param>
/// <param name="Key">The key's id; empty for the console's playground.</param>
public sealed record Caller(string Project, string Key)
{
    /// <summary>Where it is counted; null: to be looked up by the names.</summary>
    internal KeyAccount? Account { get; init; }
}
