/*
 * linux/netfilter/nf_tables.h, two of whose names are also ours: its verdict of
 * a jump, and its key for the state of a connection.
 */
#ifndef FIREBREAK_BACKENDS_NFT_KERNEL_H
#define FIREBREAK_BACKENDS_NFT_KERNEL_H

#define NFT_JUMP	NFT_JUMP_CODE
#define NFT_CT_STATE	NFT_CT_STATE_KEY
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#undef NFT_JUMP
#undef NFT_CT_STATE

#endif
