using System.ComponentModel.DataAnnotations;

namespace Podvirt.Metering;

/// <summary>Where the ledger of a cluster is.</summary>
public sealed class ClickHouseOptions
{
    /// <summary>ClickHouse's HTTP interface, for example <c>http://clickhouse:8123</c>. Version 24.8 or newer.</summary>
    [Required]
    public Uri Url { get; set; } = new("http://127.0.0.1:8123");

    /// <summary>Made where it is not there. Letters, digits and underscores.</summary>
    [Required]
    [RegularExpression("^[A-Za-z_][A-Za-z0-9_]*$")]
    public string Database { get; set; } = "podvirt";

    [Required]
    public string User { get; set; } = "default";

    public string Password { get; set; } = "";

    /// <summary>How long a statement may take, here and on the server.</summary>
    /// <value>30 s: long reads go in parts, each far below it. A batch that waits longer is sent again.</value>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:10:00")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Whole months of raw records that stay beside the current one; older ones go when their invoices are issued. Rollups and invoices stay for ever. Null: all stay.
    /// </summary>
    /// <value>Null. What is removed can be looked at, rated again and reconciled no more.</value>
    [Range(1, 1_200)]
    public int? RawMonthsKept { get; set; }
}
