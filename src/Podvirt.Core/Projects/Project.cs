namespace Podvirt.Core.Projects;

/// <summary>Who pays.</summary>
public static class Project
{
    /// <summary>The one that exists from the start.</summary>
    public const string Default = "default";
}
