namespace Podvirt;

/// <summary>What a process does. Without a cluster one process does everything.</summary>
[Flags]
public enum PodvirtRoles
{
    None = 0,

    /// <summary>Serves <c>/v1</c>, <c>/api</c> and the console.</summary>
    Gateway = 1,

    /// <summary>Places, starts and stops replicas while it leads; otherwise stands by.</summary>
    Scheduler = 2,

    /// <summary>Moves usage from the stream to the ledger, and closes months.</summary>
    Metering = 4,

    /// <summary>Tells the scheduler of this machine's gpus and memory.</summary>
    Node = 8,

    /// <summary>All that one process needs.</summary>
    All = Gateway | Scheduler | Metering,
}

/// <summary>Roles as they are written: names in lower case, separated by commas.</summary>
public static class PodvirtRoleNames
{
    private static readonly (string Name, PodvirtRoles Role)[] _names =
    [
        ("gateway", PodvirtRoles.Gateway), ("scheduler", PodvirtRoles.Scheduler), ("metering", PodvirtRoles.Metering), ("node", PodvirtRoles.Node),
        ("all", PodvirtRoles.All),
    ];

    /// <summary>As <see cref="Parse"/> takes it.</summary>
    public static string Format(PodvirtRoles roles) => string.Join(',', _names.Where(n => n.Role != PodvirtRoles.All && roles.HasFlag(n.Role)).Select(n => n.Name));

    /// <exception cref="FormatException">Names something else; the message says what there is.</exception>
    public static PodvirtRoles Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var roles = PodvirtRoles.None;
        foreach (var name in text.Split(',', StringSplitOptions.TrimEntries))
        {
            roles |= _names.FirstOrDefault(n => n.Name == name) is { Name: not null } known
                ? known.Role
                : throw new FormatException($"'{name}' is not a role; write some of {string.Join(", ", _names.Select(n => n.Name))}, separated by commas");
        }
        return roles;
    }
}
