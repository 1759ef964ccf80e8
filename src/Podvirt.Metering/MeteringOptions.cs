using System.ComponentModel.DataAnnotations;
using Podvirt.Metering.Invoices;

namespace Podvirt.Metering;

/// <summary>How usage is kept. Every queue in here is bounded; a full one makes its callers wait.</summary>
public sealed class MeteringOptions
{
    /// <summary>Where <c>outbox.db</c> and <c>ledger.db</c> live; made when missing. Best on a disk whose fsync is quick: every answer's end waits for one.</summary>
    [Required]
    public required string DataDirectory { get; set; }

    /// <summary>
    /// Appends that wait for their commit at most; a further one waits for room, which holds back the end of its answer.
    /// </summary>
    /// <value>65,536: several seconds of the fastest gateway's requests, and at about 1 KiB each 64 MiB of memory.</value>
    [Range(1, 1_000_000)]
    public int OutboxCapacity { get; set; } = 65_536;

    /// <summary>Rows in one outbox commit at most.</summary>
    /// <value>512: a sync costs as much as some hundred inserts, so larger groups save little and make the first row wait.</value>
    [Range(1, 10_000)]
    public int GroupCommitMax { get; set; } = 512;

    /// <summary>Records moved to the ledger in one commit at most.</summary>
    /// <value>2,000: keeps the ledger's transaction within some tens of milliseconds.</value>
    [Range(1, 10_000)]
    public int LedgerBatchMax { get; set; } = 2_000;

    /// <summary>How long records gather in the outbox before they are moved.</summary>
    /// <value>
    /// 250 ms: the ledger's sync competes with the outbox's for the same disk, so one for each request would slow down the
    /// ends of answers; the dashboards do not notice.
    /// </value>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")]
    public TimeSpan LedgerLinger { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Who stands on the invoices that become final from now on.</summary>
    [Required]
    public BillingParties Billing { get; set; } = BillingParties.None;

    /// <summary>How often an outbox that failed to commit tries whether it can again.</summary>
    /// <value>One second: requests are refused meanwhile.</value>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan ProbeInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// What happens while the disk takes no record: false refuses requests; true serves them and holds their records in memory,
    /// which suspends the promise that an answer that ended is on the ledger.
    /// </summary>
    public bool ServeUnsaved { get; set; }

    /// <summary>Records held in memory at most. Where as many are, requests are refused under <see cref="ServeUnsaved"/> too.</summary>
    /// <value>10,000: what a killed process may cost at most.</value>
    [Range(1, 1_000_000)]
    public int UnsavedRecordsMax { get; set; } = 10_000;

    /// <summary>Bytes of them at most.</summary>
    /// <value>16 MiB.</value>
    [Range(1_024, 1L << 32)]
    public long UnsavedBytesMax { get; set; } = 16L << 20;

    /// <summary>Replies that are kept for retries at most, in the outbox's file; the oldest give way.</summary>
    /// <value>10,000.</value>
    [Range(1, 1_000_000)]
    public int RepliesMax { get; set; } = 10_000;

    /// <summary>Bytes of them at most.</summary>
    /// <value>64 MiB.</value>
    [Range(1_024, 1L << 36)]
    public long ReplyBytesMax { get; set; } = 64L << 20;
}
