namespace Podvirt.Testing.Nomad.Hcl;

internal enum FieldKind
{
    Text,
    Whole,
    Truth,

    /// <summary>Written as <c>"30s"</c> or nanoseconds; JSON has nanoseconds.</summary>
    Duration,

    /// <summary>A list of texts.</summary>
    Texts,
}

internal enum BlockKind
{
    /// <summary>An object, at most one.</summary>
    One,

    /// <summary>A list of objects.</summary>
    Many,

    /// <summary>A map of objects, by label.</summary>
    ByLabel,

    /// <summary>Free keys, values of text; as a block or an attribute.</summary>
    TextMap,

    /// <summary>Free keys, lists of text.</summary>
    TextsMap,

    /// <summary>Free keys, any values; what a driver understands.</summary>
    AnyMap,
}

internal sealed record JobField(string Name, string Json, FieldKind Kind);

/// <summary>What a block may hold, and where that stands in Nomad's JSON.</summary>
/// <param name="Label">The JSON name of its label; null: it has none.</param>
internal sealed record JobShape(
    string Name, string Json, BlockKind Kind, string? Label, IReadOnlyList<JobField> Fields, IReadOnlyList<JobShape> Blocks)
{
    private static readonly Dictionary<string, FieldKind> s_kinds = new()
    {
        ["text"] = FieldKind.Text,
        ["int"] = FieldKind.Whole,
        ["bool"] = FieldKind.Truth,
        ["duration"] = FieldKind.Duration,
        ["texts"] = FieldKind.Texts,
    };

    private static readonly JobShape s_constraint = Many("constraint", "Constraints", null,
        "attribute text LTarget, value text RTarget, operator text Operand, distinct_hosts bool DistinctHosts");

    private static readonly JobShape s_affinity = Many("affinity", "Affinities", null,
        "attribute text LTarget, value text RTarget, operator text Operand, weight int");

    private static readonly JobShape s_spread = Many("spread", "Spreads", null, "attribute text, weight int",
        Many("target", "SpreadTarget", "Value", "percent int"));

    private static readonly JobShape s_meta = Map("meta", "Meta", BlockKind.TextMap);

    private static readonly JobShape s_update = One("update", "Update",
        "stagger duration, max_parallel int, health_check text, min_healthy_time duration, healthy_deadline duration, " +
        "progress_deadline duration, canary int, auto_revert bool, auto_promote bool");

    private static readonly JobShape s_restart = One("restart", "RestartPolicy",
        "interval duration, attempts int, delay duration, mode text, render_templates bool");

    private static readonly JobShape s_migrate = One("migrate", "Migrate",
        "max_parallel int, health_check text, min_healthy_time duration, healthy_deadline duration");

    private static readonly JobShape s_checkRestart = One("check_restart", "CheckRestart", "limit int, grace duration, ignore_warnings bool");

    private static readonly JobShape s_service = Many("service", "Services", null,
        "name text, tags texts, port text PortLabel, address_mode text, address text, provider text, task text TaskName, on_update text",
        s_meta, s_checkRestart,
        Many("check", "Checks", null,
            "name text, type text, command text, args texts, path text, protocol text, port text PortLabel, address_mode text, " +
            "interval duration, timeout duration, method text, body text, task text TaskName, on_update text, " +
            "success_before_passing int, failures_before_critical int, tls_skip_verify bool TLSSkipVerify",
            s_checkRestart, Map("header", "Header", BlockKind.TextsMap)));

    private static readonly JobShape s_network = Many("network", "Networks", null, "mode text, hostname text",
        Many("port", "DynamicPorts", "Label", "static int Value, to int, host_network text"),
        One("dns", "DNS", "servers texts, searches texts, options texts"));

    private static readonly JobShape s_resources = One("resources", "Resources",
        "cpu int CPU, cores int, memory int MemoryMB, memory_max int MemoryMaxMB, disk int DiskMB",
        Many("device", "Devices", "Name", "count int", s_constraint, s_affinity));

    private static readonly JobShape s_template = Many("template", "Templates", null,
        "source text SourcePath, destination text DestPath, data text EmbeddedTmpl, change_mode text, change_signal text, once bool, " +
        "splay duration, perms text, uid int, gid int, left_delimiter text LeftDelim, right_delimiter text RightDelim, env bool Envvars, " +
        "error_on_missing_key bool ErrMissingKey",
        One("wait", "Wait", "min duration, max duration"));

    private static readonly JobShape s_task = Many("task", "Tasks", "Name",
        "driver text, user text, kill_timeout duration, kill_signal text, leader bool, shutdown_delay duration",
        Map("config", "Config", BlockKind.AnyMap), Map("env", "Env", BlockKind.TextMap), s_meta, s_constraint, s_affinity, s_service,
        s_resources, s_restart, s_template,
        One("lifecycle", "Lifecycle", "hook text, sidecar bool"),
        One("logs", "LogConfig", "max_files int, max_file_size int MaxFileSizeMB, disabled bool"),
        Many("artifact", "Artifacts", null, "source text GetterSource, destination text RelativeDest, mode text GetterMode",
            Map("options", "GetterOptions", BlockKind.TextMap)),
        Many("volume_mount", "VolumeMounts", null, "volume text, destination text, read_only bool, propagation_mode text"),
        Many("identity", "Identities", null, "name text, aud texts Audience, change_mode text, env bool, file bool, ttl duration TTL"));

    private static readonly JobShape s_group = Many("group", "TaskGroups", "Name",
        "count int, shutdown_delay duration, stop_after_client_disconnect duration, max_client_disconnect duration, " +
        "prevent_reschedule_on_lost bool",
        s_task, s_constraint, s_affinity, s_spread, s_update, s_migrate, s_network, s_meta, s_service, s_restart,
        One("reschedule", "ReschedulePolicy",
            "attempts int, interval duration, delay duration, delay_function text, max_delay duration, unlimited bool"),
        One("disconnect", "Disconnect", "lost_after duration, stop_on_client_after duration, replace bool, reconcile text"),
        One("ephemeral_disk", "EphemeralDisk", "sticky bool, migrate bool, size int SizeMB"),
        new JobShape("volume", "Volumes", BlockKind.ByLabel, "Name",
            Parse("type text, source text, read_only bool, access_mode text, attachment_mode text, per_alloc bool"), []));

    public static JobShape Job { get; } = new("job", "Job", BlockKind.One, "ID",
        Parse("region text, namespace text, id text ID, name text, type text, priority int, all_at_once bool, datacenters texts, node_pool text"),
        [s_constraint, s_affinity, s_spread, s_update, s_migrate, s_meta, s_group]);

    private static JobShape Map(string name, string json, BlockKind kind) => new(name, json, kind, null, [], []);

    private static JobShape One(string name, string json, string fields, params JobShape[] blocks) =>
        new(name, json, BlockKind.One, null, Parse(fields), blocks);

    private static JobShape Many(string name, string json, string? label, string fields, params JobShape[] blocks) =>
        new(name, json, BlockKind.Many, label, Parse(fields), blocks);

    /// <summary>Reads <c>name kind [JSON name]</c>, separated by commas; without the last, the name in Pascal case.</summary>
    private static JobField[] Parse(string fields) =>
    [
        .. fields.Split(',', StringSplitOptions.TrimEntries).Select(static f => f.Split(' '))
            .Select(static w => new JobField(w[0], w.Length > 2 ? w[2] : Pascal(w[0]), s_kinds[w[1]])),
    ];

    private static string Pascal(string name) => string.Concat(name.Split('_').Select(static w => char.ToUpperInvariant(w[0]) + w[1..]));
}
