namespace Podvirt.Gateway.Admission;

/// <summary>On whose account a request runs.</summary>
/// <param name="Project">Who pays.</param>
/// <param name="Key">The key's id; empty for the console's playground.</param>
public sealed record Caller(string Project, string Key);
