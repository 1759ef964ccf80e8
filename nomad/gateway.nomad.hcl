# Podvirt's gateways: they take requests and relay answers. Put a load balancer in front that follows the service
# `podvirt-gateway` and sends to no instance whose check fails.
#
# Before the first run, one Nomad variable holds what they must know and nobody else may (see `nomad var put`):
#   nomad/jobs/podvirt-gateway   nats_url, clickhouse_url, clickhouse_password, admin_token, config (podvirt.yaml)

variable "archive" {
  type        = string
  description = "Address of a .tar.gz of what `./build.sh publish` made: the program and the files beside it, without a folder around them."
}

variable "checksum" {
  type        = string
  description = "Of the archive, as sha256:<hex>. An archive that differs is not started."
}

variable "datacenters" {
  type        = list(string)
  default     = ["*"]
  description = "Where gateways may run."
}

variable "node_pool" {
  type        = string
  default     = "default"
  description = "Pool of the machines that gateways may run on."
}

variable "count" {
  type        = number
  default     = 2
  description = "Gateways. Each needs a machine of its own: they listen on the same port."
}

variable "port" {
  type        = number
  default     = 8080
  description = "Port of the API and the console on each machine."
}

variable "public_network" {
  type        = string
  default     = "default"
  description = "Name of the agents' host_network that clients reach. Engines, NATS and ClickHouse listen on another."
}

variable "cpu" {
  type        = number
  default     = 4000
  description = "MHz of each gateway."
}

variable "memory" {
  type        = number
  default     = 2048
  description = "MiB of each gateway: some hundred bytes to some KiB a stream, and the bodies of parked requests."
}

variable "disk" {
  type        = number
  default     = 2048
  description = "MiB of each gateway for usage that is not yet in the stream; it bounds how long NATS may be gone."
}

variable "drain" {
  type        = string
  default     = "60s"
  description = "How long a stopping gateway may take. More than `limits.drain`, which cuts streams, and at most the agents' max_kill_timeout (30s unless configured)."
}

job "podvirt-gateway" {
  type        = "service"
  datacenters = var.datacenters
  node_pool   = var.node_pool

  # One at a time: the next follows when the last one serves. No canaries, because a port belongs to one gateway of a machine,
  # and because a replacement takes over its predecessor's disk.
  update {
    max_parallel      = 1
    health_check      = "checks"
    min_healthy_time  = "10s"
    healthy_deadline  = "3m"
    progress_deadline = "10m"
    auto_revert       = true
  }

  group "gateway" {
    count = var.count

    # First out of the load balancer, then the signal: no request is sent to one that has begun to stop.
    shutdown_delay = "5s"

    constraint {
      distinct_hosts = true
    }

    restart {
      attempts = 10
      interval = "5m"
      delay    = "2s"
      mode     = "delay"
    }

    # A gateway that is cut off serves on by itself, and is told apart by its leases, not by Nomad.
    disconnect {
      lost_after = "10m"
      replace    = true
    }

    migrate {
      max_parallel     = 1
      health_check     = "checks"
      min_healthy_time = "10s"
      healthy_deadline = "3m"
    }

    # Usage that is on the disk and not yet in the stream goes with the gateway.
    ephemeral_disk {
      size    = var.disk
      sticky  = true
      migrate = true
    }

    network {
      mode = "host"

      port "http" {
        static       = var.port
        host_network = var.public_network
      }
    }

    service {
      name     = "podvirt-gateway"
      port     = "http"
      provider = "nomad"

      check {
        name     = "ready"
        type     = "http"
        path     = "/readyz"
        interval = "2s"
        timeout  = "1s"
      }
    }

    task "gateway" {
      driver       = "exec"
      kill_signal  = "SIGTERM"
      kill_timeout = var.drain

      config {
        command = "local/podvirt/podvirt"
        args    = ["serve", "--roles", "gateway", "--config", "${NOMAD_TASK_DIR}/podvirt.yaml"]
      }

      artifact {
        source      = var.archive
        destination = "local/podvirt"

        options {
          checksum = var.checksum
        }
      }

      env {
        PODVIRT_LISTEN = "http://${NOMAD_ADDR_http}"
        PODVIRT_DATA   = "${NOMAD_ALLOC_DIR}/data"
      }

      template {
        destination = "secrets/podvirt.env"
        env         = true
        perms       = "0400"
        change_mode = "restart"
        splay       = "60s"
        data        = <<EOT
{{ with nomadVar "nomad/jobs/podvirt-gateway" }}
PODVIRT_NATS_URL={{ .nats_url.Value | toJSON }}
PODVIRT_CLICKHOUSE_URL={{ .clickhouse_url.Value | toJSON }}
PODVIRT_CLICKHOUSE_PASSWORD={{ .clickhouse_password.Value | toJSON }}
PODVIRT_ADMIN_TOKEN={{ .admin_token.Value | toJSON }}
{{ end }}
EOT
      }

      # A changed file is applied while serving.
      template {
        destination = "local/podvirt.yaml"
        change_mode = "noop"
        data        = <<EOT
{{ with nomadVar "nomad/jobs/podvirt-gateway" }}{{ .config.Value }}{{ end }}
EOT
      }

      logs {
        max_files     = 5
        max_file_size = 20
      }

      resources {
        cpu    = var.cpu
        memory = var.memory
      }
    }
  }
}
